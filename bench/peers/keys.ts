// The same keys for all gateways: 10,000 rows of hash, role, expiry and identity, and Gatehouse's own database of them.
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashToken } from "../../src/core/token/api-key-token.ts";
import { WORK } from "../setup/build.ts";
import type { Store } from "../setup/keys.ts";

const HERE: string = fileURLToPath(new URL(".", import.meta.url));
/** Where the files are that gateways read their keys from. */
export const DIRECTORY: string = join(WORK, "peers");

const KEYS = 10_000;
/** So many of them are used, in turn. */
const USED = 98;
const RULES = ["203.0.113.0/24", "192.0.2.0/28", "198.18.0.0/15", "2001:db8::/32"];
/** As many characters as a signed identity of Gatehouse has. */
const IDENTITY_BYTES = 322;
const DAY_MS = 86_400_000;

export interface PeerKeys {
  readonly developers: readonly string[];
  readonly viewer: string;
  readonly expired: string;
  /** Has the form of a key, but no gateway has its hash. */
  readonly unknown: string;
}

/** Makes the keys and writes the files of all gateways. */
export async function writeKeys(store: Store): Promise<PeerKeys> {
  mkdirSync(DIRECTORY, { recursive: true });
  const rows: string[] = [];
  async function make(role: "Developer" | "Viewer", expiresAt = Date.now() + DAY_MS): Promise<string> {
    const token = await store.key({ role, expiresAt, lists: [RULES] });
    const identity = randomBytes(IDENTITY_BYTES).toString("base64url");
    rows.push(`${hashToken(token)} ${role}|${Math.floor(expiresAt / 1_000)}|${identity}\n`);
    return token;
  }
  // A tenth may only read. The used keys come last, where a list that is searched in order has them.
  while (rows.length < KEYS - USED - 2) await make(rows.length % 10 === 0 ? "Viewer" : "Developer");
  const [viewer, expired] = [await make("Viewer"), await make("Developer", Date.now() - DAY_MS)];
  const developers: string[] = [];
  while (developers.length < USED) developers.push(await make("Developer"));
  writeFileSync(join(DIRECTORY, "keys.map"), rows.join(""));
  const unknown = `${viewer.slice(0, -8)}${viewer.at(-8) === "A" ? "B" : "A"}${viewer.slice(-7)}`;
  return { developers, viewer, expired, unknown };
}

/** Fills in ports and paths of a configuration. @returns its path */
export function filled(name: string, values: Readonly<Record<string, string | number>>): string {
  const geo = RULES.map((rule) => `${rule} 1;`).join(" ");
  const all: Record<string, string | number> = { DIR: DIRECTORY, RULES: RULES.join(" "), GEO: geo, ...values };
  const text = readFileSync(join(HERE, name), "utf8");
  const path = join(DIRECTORY, name);
  writeFileSync(
    path,
    text.replaceAll(/@([A-Z]+)@/g, (_, key: string) => String(all[key] ?? "")),
  );
  return path;
}
