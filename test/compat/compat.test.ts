// Real clients in front of the gateway and a real server behind it, as far as every machine has them: `npm run compat` has more.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";
import { CLIENTS } from "./clients.ts";
import { ROWS } from "./documented.ts";
import { play, scenariosOf } from "./play.ts";
import { undocumented } from "./report.ts";
import { find, writeFiles } from "./scratch.ts";
import { type RunningServer, SERVERS, startServer } from "./servers.ts";

const NAMES = ["fetch", "node:http", "curl"];
const server = SERVERS.find(({ name }) => name === "node") as (typeof SERVERS)[number];

let gateway: WorkerdGateway;
let servers: readonly RunningServer[] = [];
beforeAll(async () => {
  writeFiles();
  const { command } = server.prepare();
  servers = await Promise.all([startServer(command), startServer(command)]);
  gateway = await startWorkerdGateway({
    vars: { ...FORWARD_ALL, UPSTREAM_URL: `http://127.0.0.1:${servers[1]?.port}` },
  });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(servers.map((each) => each.close()));
});

function isInstalled(program: string): boolean {
  try {
    return find(program) !== "";
  } catch {
    return false;
  }
}

describe("a real client", () => {
  it.each(NAMES)(
    "gets the same from Node's http server through the gateway with %s",
    { timeout: 60_000 },
    async (name) => {
      if (name === "curl" && !isInstalled("curl")) return console.log("left out: curl is not installed");
      const client = CLIENTS.find((each) => each.name === name)?.prepare();
      if (client === undefined) throw new Error(`no client ${name}`);
      const scenarios = scenariosOf(server);
      expect(scenarios.length).toBeGreaterThan(15);
      const { token } = await gateway.key();
      const routes = { direct: [servers[0]?.port ?? 0, ""], through: [gateway.port, `Bearer ${token}`] } as const;
      const played = await play(scenarios, client, routes);
      expect(undocumented({ server: "node", clients: new Map([[name, played]]) })).toEqual([]);
    },
  );

  it("has in its list of allowed differences only rows of docs/request-flow.md", () => {
    const document = readFileSync("docs/request-flow.md", "utf8");
    expect(ROWS.map(({ title }) => title).filter((title) => !document.includes(` | ${title} | `))).toEqual([]);
  });
});
