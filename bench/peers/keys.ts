// The same keys for all: 10,000 rows of hash, role, expiry and identity, and Gatehouse's own database of them.
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashToken } from "../../src/core/token/api-key-token.ts";
import { createStore, type KeySpec, type Secrets } from "../setup/keys.ts";
import { WORK } from "../setup/work.ts";

export const HERE: string = fileURLToPath(new URL(".", import.meta.url));
const KEYS = 10_000;
/** So many of them are called with, in turn. */
const CALLERS = 98;
const RULES = ["203.0.113.0/24", "192.0.2.0/28", "198.18.0.0/15", "2001:db8::/32"];
const ELSEWHERE = "198.51.100.7";
/** As many characters as a signed identity of Gatehouse has. */
const IDENTITY_BYTES = 322;
const DAY_MS = 86_400_000;

interface Row {
  readonly token: string;
  readonly role: "Developer" | "Viewer";
  readonly expires: number;
  readonly identity: string;
}

export interface PeerKeys {
  /** Where the files are that gateways read their keys from. */
  readonly directory: string;
  readonly database: string;
  readonly developers: readonly string[];
  readonly viewer: string;
  readonly expired: string;
  /** Has the form of a key, and is none. */
  readonly stranger: string;
  readonly elsewhere: string;
}

/** Make the keys and write them down as each gateway reads them. */
export async function writeKeys(secrets: Secrets): Promise<PeerKeys> {
  const directory = join(WORK, "peers");
  mkdirSync(directory, { recursive: true });
  const store = createStore("peers", secrets.ring);
  const make = async (role: Row["role"], expiresAt: number): Promise<Row> => {
    const spec: KeySpec = { role, expiresAt, lists: [RULES] };
    const identity = randomBytes(IDENTITY_BYTES).toString("base64url");
    return { token: await store.key(spec), role, expires: Math.floor(expiresAt / 1_000), identity };
  };
  const [tomorrow, yesterday] = [Date.now() + DAY_MS, Date.now() - DAY_MS];
  const rows: Row[] = [];
  // A tenth may only read. Those that are called with come last, where a list that is searched in order has them.
  while (rows.length < KEYS - CALLERS - 2)
    rows.push(await make(rows.length % 10 === 0 ? "Viewer" : "Developer", tomorrow));
  const [viewer, expired] = [await make("Viewer", tomorrow), await make("Developer", yesterday)];
  const developers: Row[] = [];
  while (developers.length < CALLERS) developers.push(await make("Developer", tomorrow));
  store.close();
  const called = [viewer, expired, ...developers];
  writeTables(directory, [...rows, ...called], called);
  const { token } = viewer;
  const stranger = `${token.slice(0, -8)}${token.at(-8) === "A" ? "B" : "A"}${token.slice(-7)}`;
  return {
    directory,
    database: store.file,
    developers: developers.map(({ token }) => token),
    viewer: viewer.token,
    expired: expired.token,
    stranger,
    elsewhere: ELSEWHERE,
  };
}

function writeTables(directory: string, rows: readonly Row[], called: readonly Row[]): void {
  const write = (name: string, lines: readonly string[]) => writeFileSync(join(directory, name), lines.join(""));
  const byHash = (name: string, value: (row: Row) => string) =>
    write(
      name,
      rows.map((row) => `${hashToken(row.token)} ${value(row)}\n`),
    );
  byHash("keys.map", ({ role, expires, identity }) => `${role}|${expires}|${identity}`);
  byHash("roles.nginx", ({ role }) => `${role};`);
  byHash("expiries.nginx", ({ expires }) => `${expires};`);
  byHash("identities.nginx", ({ identity }) => `${identity};`);
  write(
    "keys.txt",
    rows.map(({ token, role, identity }) => `${token} ${role} ${identity}\n`),
  );
  // Caddy looks through its map one by one: a hundred keys are what it takes gladly.
  write(
    "keys.caddy",
    called.map(({ token, role, expires, identity }) => `"Bearer ${token}" "${identity}" ${role} ${expires}\n`),
  );
  write(
    "rules.txt",
    RULES.map((rule) => `${rule}\n`),
  );
}

/** A configuration with its ports and places filled in; returns its path. */
export function filled(name: string, directory: string, values: Readonly<Record<string, string | number>>): string {
  const all: Record<string, string | number> = {
    DIR: directory,
    HERE,
    RULES: RULES.join(" "),
    GEO: RULES.map((rule) => `${rule} 1;`).join(" "),
    ...values,
  };
  const path = join(directory, name);
  const text = readFileSync(join(HERE, name), "utf8");
  writeFileSync(
    path,
    text.replaceAll(/@([A-Z]+)@/g, (_, key: string) => String(all[key] ?? "")),
  );
  return path;
}
