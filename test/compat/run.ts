// `npm run compat -- [--servers a,b] [--clients a,b] [--list] [--write]`: real servers behind Gatehouse and real clients in front
// of it. Prints a table for each server; exit code 1 when something differs that docs/request-flow.md does not list.
// `npm run compat -- --documents DIR [--write]`: every operation of the OpenAPI documents in a folder, with Prism as the server.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import buildWorker from "../support/build-worker.ts";
import { FORWARD_ALL, startWorkerdGateway } from "../support/workerd-gateway.ts";
import { CLIENTS, type Client, type ReadyClient } from "./clients.ts";
import { startImported } from "./imported.ts";
import { type Played, play, scenariosOf } from "./play.ts";
import { documentsTable, playDocument } from "./play-document.ts";
import { documentOf, documentsOf, partsOf, type ServerReport, tableOf, undocumented } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { writeFiles } from "./scratch.ts";
import { SERVERS, type Server, startServer } from "./servers.ts";

const PAGE = "docs/compatibility.md";

/** Prepares everything of a list that this machine has. */
function prepareAll<T extends { readonly name: string }, R>(all: readonly T[], prepare: (each: T) => R) {
  const [ready, leftOut]: [(readonly [T, R])[], string[]] = [[], []];
  for (const each of all) {
    try {
      ready.push([each, prepare(each)]);
    } catch (error) {
      leftOut.push(`${each.name}: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    }
  }
  return { ready, leftOut };
}

/** Plays one server with all clients. */
async function playServer(
  { name, authorization = "", document, ...server }: Server,
  { version, command }: ReturnType<Server["prepare"]>,
  clients: readonly (readonly [Client, ReadyClient])[],
): Promise<ServerReport> {
  const [direct, behind] = await Promise.all([startServer(command), startServer(command)]);
  const vars = {
    UPSTREAM_URL: `http://127.0.0.1:${behind.port}`,
    ...(authorization && { UPSTREAM_AUTHORIZATION: authorization }),
  };
  const gateway = await (document === undefined
    ? startWorkerdGateway({ vars: { ...FORWARD_ALL, ...vars } })
    : startImported(document, vars));
  const { token } = await gateway.key();
  try {
    const played = new Map<string, readonly Played[] | string>();
    for (const [client, prepared] of clients) {
      const routes = { direct: [direct.port, authorization], through: [gateway.port, `Bearer ${token}`] } as const;
      const came = await play(scenariosOf(server), prepared, routes).catch((error: Error) => error.message);
      played.set(`${client.name} ${prepared.version}`, came);
    }
    return { server: `${name} ${version}`, clients: played };
  } finally {
    await Promise.all([gateway.close(), direct.close(), behind.close()]);
  }
}

/** Those with these names. @throws for a name that there is not */
function select<T extends { readonly name: string }>(all: readonly T[], names: string | undefined): readonly T[] {
  if (names === undefined) return all;
  return names.split(",").map((name) => {
    const found = all.find((each) => each.name === name);
    if (found === undefined) throw new Error(`unknown: ${name}; --list shows all names`);
    return found;
  });
}

/** Plays all documents of a folder, one after the other. @returns whether all was as expected */
async function playDocuments(dir: string, write: boolean): Promise<boolean> {
  const files = readdirSync(dir).filter((name) => /\.(?:ya?ml|json)$/.test(name));
  if (files.length === 0) throw new Error(`${dir} has no document`);
  writeFiles();
  const reports = [];
  for (const file of files.sort()) reports.push(await playDocument(resolve(dir, file)));
  const table = documentsTable(reports);
  console.log(table);
  const problems = reports.flatMap(({ document, problems }) => problems.map((line) => `${document}: ${line}`));
  for (const line of problems) console.log(line.slice(0, 300));
  if (write) writeFileSync(PAGE, partsOf(readFileSync(PAGE, "utf8")).servers + documentsOf(table));
  return problems.length === 0;
}

async function main(): Promise<void> {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  const { values } = parseArgs({
    options: { servers: text, clients: text, documents: text, list: flag, write: flag },
  });
  if (values.documents !== undefined) {
    process.exitCode = (await playDocuments(values.documents, values.write ?? false)) ? 0 : 1;
    return;
  }
  if (values.list) {
    const lists = { servers: SERVERS, clients: CLIENTS, scenarios: SCENARIOS };
    for (const [kind, all] of Object.entries(lists)) console.log(`${kind}: ${all.map(({ name }) => name).join(", ")}`);
    return;
  }
  if (values.write && (values.servers ?? values.clients) !== undefined)
    throw new Error("--write writes the whole table");
  writeFiles();
  const servers = prepareAll(select(SERVERS, values.servers), (server) => server.prepare());
  const clients = prepareAll(select(CLIENTS, values.clients), (client) => client.prepare());
  const leftOut = [...servers.leftOut, ...clients.leftOut];
  buildWorker();
  const reports: ServerReport[] = [];
  for (const [server, prepared] of servers.ready) {
    const report = await playServer(server, prepared, clients.ready);
    reports.push(report);
    console.log(tableOf(report));
    for (const line of undocumented(report)) console.log(line);
  }
  for (const line of leftOut) console.log(`left out: ${line}`);
  if (values.write) writeFileSync(PAGE, documentOf(reports, leftOut) + partsOf(readFileSync(PAGE, "utf8")).documents);
  process.exitCode = reports.flatMap(undocumented).length === 0 ? 0 : 1;
}

await main();
