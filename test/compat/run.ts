// `npm run compat -- [--servers a,b] [--clients a,b] [--list] [--write]`: real servers behind Gatehouse and real clients in front
// of it. Prints a table for each server; exit code 1 when something differs that docs/request-flow.md does not list.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import buildWorker from "../support/build-worker.ts";
import { startWorkerdGateway } from "../support/workerd-gateway.ts";
import { CLIENTS, type ReadyClient } from "./clients.ts";
import { type Played, play, scenariosOf } from "./play.ts";
import { documentOf, type ServerReport, tableOf, undocumented } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { writeFiles } from "./scratch.ts";
import { SERVERS, type Server, startServer } from "./servers.ts";

const DOCUMENT = "docs/compatibility.md";

const NOT_DRIVEN =
  "RabbitMQ's management API: it needs an Erlang runtime and a cluster node, which this script does not start";

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
  server: Server,
  { version, command }: ReturnType<Server["prepare"]>,
  clients: readonly (readonly [name: string, ReadyClient])[],
): Promise<ServerReport> {
  const [direct, behind] = await Promise.all([startServer(command), startServer(command)]);
  const gateway = await startWorkerdGateway({ vars: { UPSTREAM_URL: `http://127.0.0.1:${behind.port}` } });
  try {
    const routes = { direct: direct.port, through: gateway.port, token: (await gateway.key()).token };
    const played = new Map<string, readonly Played[] | string>();
    for (const [name, client] of clients) {
      const came = await play(scenariosOf(server), client, routes).catch((error: Error) => error.message);
      played.set(`${name} ${client.version}`, came);
    }
    return { server: `${server.name} ${version}`, clients: played };
  } finally {
    await Promise.all([gateway.close(), direct.close(), behind.close()]);
  }
}

function select<T extends { readonly name: string }>(all: readonly T[], names: string | undefined): readonly T[] {
  const wanted = names?.split(",");
  const unknown = wanted?.filter((name) => !all.some((each) => each.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(", ")}; --list shows all names`);
  return all.filter(({ name }) => wanted?.includes(name) ?? true);
}

function list(): void {
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(", ");
  console.log(`servers: ${names(SERVERS)}\nclients: ${names(CLIENTS)}\nscenarios: ${names(SCENARIOS)}`);
}

async function main(): Promise<void> {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  const { values } = parseArgs({ options: { servers: text, clients: text, list: flag, write: flag } });
  if (values.list) return list();
  if (values.write && (values.servers ?? values.clients) !== undefined)
    throw new Error("--write writes the whole table");
  writeFiles();
  const servers = prepareAll(select(SERVERS, values.servers), (server) => server.prepare());
  const clients = prepareAll(select(CLIENTS, values.clients), (client) => client.prepare());
  const leftOut = [...servers.leftOut, ...clients.leftOut, NOT_DRIVEN];
  buildWorker();
  const reports: ServerReport[] = [];
  for (const [server, prepared] of servers.ready) {
    const report = await playServer(
      server,
      prepared,
      clients.ready.map(([{ name }, client]) => [name, client]),
    );
    reports.push(report);
    console.log(tableOf(report));
    for (const line of undocumented(report)) console.log(line);
  }
  for (const line of leftOut) console.log(`left out: ${line}`);
  if (values.write) writeFileSync(DOCUMENT, documentOf(reports, leftOut));
  process.exitCode = reports.flatMap(undocumented).length === 0 ? 0 : 1;
}

await main();
