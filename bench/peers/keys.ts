// The same keys for all gateways: 10,000 rows of hash, role, expiry and identity for HAProxy, and Gatehouse's database.
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashToken } from "../../src/core/token/api-key-token.ts";
import { WORK } from "../setup/build.ts";
import type { Store } from "../setup/keys.ts";

const DIRECTORY: string = join(WORK, "peers");

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

/** Makes the keys, and writes them as HAProxy reads them. */
export async function writeKeys(store: Store): Promise<PeerKeys> {
  mkdirSync(DIRECTORY, { recursive: true });
  const rows: string[] = [];
  async function make(role: "Developer" | "Viewer", expiresAt = Date.now() + DAY_MS): Promise<string> {
    const token = await store.key({ role, expiresAt, rules: RULES });
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

/** Writes haproxy.cfg with its ports and paths filled in. @returns its path */
export function writeHaproxyConfig(ports: Readonly<Record<"PLAIN" | "GATE" | "UPSTREAM", number>>): string {
  const values: Readonly<Record<string, string | number>> = { DIR: DIRECTORY, RULES: RULES.join(" "), ...ports };
  const text = readFileSync(new URL("haproxy.cfg", import.meta.url), "utf8");
  const path = join(DIRECTORY, "haproxy.cfg");
  writeFileSync(
    path,
    text.replaceAll(/@([A-Z]+)@/g, (_, name: string) => String(values[name] ?? "")),
  );
  return path;
}
