// `npm run audit:verify`: reads the audit log of the local D1, of the deployment, or of a copy, and finds every event that
// was changed, removed, inserted or moved. Needs the public keys only.
import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parseArgs, parseEnv } from "node:util";
import { HASHED_COLUMNS, readCheckpoint, type SigningKey, type StoredEvent } from "../src/core/audit/hash-chain.ts";
import { type SignedDay, type Verified, verifyAudit } from "../src/core/audit/verify.ts";
import { wranglerQuietly } from "./wrangler.ts";

const USAGE = `npm run audit:verify -- [--local | --remote | --file COPY] [--jwks FILE|URL] [--head SEQ:HASH]

--local   the D1 of npm start (the default)       --remote  the D1 of the deployment
--file    a copy: an SQLite database, or the .sql that "wrangler d1 export" writes
--jwks    the public keys: https://<gateway>/.well-known/gatehouse/jwks.json, or a file with the same;
          otherwise IDENTITY_KEYS of the environment or of .dev.vars
--head    a checkpoint kept outside D1, as the Worker's log has it: "audit_checkpoint"
`;

type Row = Readonly<Record<string, unknown>>;
type Read = (sql: string) => Promise<readonly Row[]>;

const PAGE = 500;

/** Verifies all events and checkpoints. */
async function verifyLog(read: Read, keys: readonly SigningKey[], head: string | undefined): Promise<Verified> {
  const days: SignedDay[] = [];
  for (const { day, seq, jws } of await read("SELECT day, seq, jws FROM audit_checkpoints ORDER BY day")) {
    days.push({ day: String(day), seq: Number(seq), signed: await readCheckpoint(String(jws), keys) });
  }
  return verifyAudit(readEvents(read), days, witnessOf(head));
}

async function* readEvents(read: Read): AsyncGenerator<StoredEvent> {
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const page = await read(`SELECT ${HASHED_COLUMNS.join(", ")}, hash FROM audit_events
      WHERE seq > ${after} ORDER BY seq LIMIT ${PAGE}`);
    for (const row of page) yield row as unknown as StoredEvent;
    const last = page.at(-1);
    if (last === undefined) return;
    after = Number(last.seq);
  }
}

/** Reads a copy: an SQLite database, or a dump of SQL statements. */
function readCopy(file: string): Read {
  const isDatabase = readFileSync(file).subarray(0, 15).toString("latin1") === "SQLite format 3";
  const db = isDatabase ? new DatabaseSync(file, { readOnly: true }) : new DatabaseSync(":memory:");
  // A dump lists tables in any order, and a tampered row may break a constraint.
  if (!isDatabase) db.exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${readFileSync(file)}`);
  return async (sql) => db.prepare(sql).all() as Row[];
}

// The state of `npm start`.
const LOCAL = ["--local", "--persist-to", ".dev/state"];

function readD1(where: readonly string[]): Read {
  return async (sql) => {
    const output = await wranglerQuietly(["d1", "execute", "DB", ...where, "--json", "--command", sql]);
    const [statement] = JSON.parse(output.slice(output.indexOf("["))) as [{ results: Row[] }];
    return statement.results;
  };
}

async function keyText(jwks: string | undefined): Promise<string> {
  if (jwks?.match(/^https?:/)) return (await fetch(jwks)).text();
  if (jwks !== undefined) return readFileSync(jwks, "utf8");
  if (process.env.IDENTITY_KEYS) return process.env.IDENTITY_KEYS;
  const line = existsSync(".dev.vars") && parseEnv(readFileSync(".dev.vars", "utf8")).IDENTITY_KEYS;
  if (!line) throw new Error("no keys to check signatures with: give --jwks, or IDENTITY_KEYS");
  return line;
}

function witnessOf(head: string | undefined): { readonly seq: number; readonly hash: string } | null {
  if (head === undefined) return null;
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(head) ?? [];
  if (seq === undefined || hash === undefined) throw new Error("--head takes SEQ:HASH");
  return { seq: Number(seq), hash };
}

function report({ findings, events, covered, open }: Verified): string {
  const lines = findings.map(({ what, message }) => `${what.padEnd(18)} ${message}`);
  const signed = covered === null ? "no checkpoint yet" : `signed up to event ${covered.seq}`;
  lines.push(`${events} events, ${signed}, ${open} not sealed yet: ${findings.length} findings`);
  return `${lines.join("\n")}\n`;
}

async function main(): Promise<number> {
  const [flag, text] = [{ type: "boolean" }, { type: "string" }] as const;
  const help = { type: "boolean", short: "h" } as const;
  const { values } = parseArgs({ options: { local: flag, remote: flag, file: text, jwks: text, head: text, help } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const read = values.file === undefined ? readD1(values.remote ? ["--remote"] : LOCAL) : readCopy(values.file);
  const verified = await verifyLog(read, JSON.parse(await keyText(values.jwks)).keys, values.head);
  process.stdout.write(report(verified));
  return verified.findings.length === 0 ? 0 : 1;
}

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  return 2;
});
