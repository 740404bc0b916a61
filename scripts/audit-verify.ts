// `npm run audit:verify`: reads the audit log of the local D1, of the deployment, or of a copy, and finds every event that
// was changed, removed, inserted or moved; with --state also every row that no event explains. Needs the public keys only.
import { existsSync, readFileSync } from "node:fs";
import { parseArgs, parseEnv } from "node:util";
import type { SigningKey, VerifyingKey } from "../src/core/audit/checkpoint.ts";
import type { KeptEnd } from "../src/core/audit/kept-end.ts";
import type { Verified } from "../src/core/audit/verify.ts";
import { readCopy, readKv } from "./audit/read.ts";
import { keptEnds, verifyDatabase } from "./audit/verify-database.ts";
import { type Target, targetOf } from "./target.ts";

const USAGE = `npm run audit:verify -- [--local | --remote | --file COPY] [--state] [--jwks FILE|URL] [--heads FILE]
                        [--head ACCOUNT:NUMBER:HASH]

--local   the D1 and KV of npm start (the default)    --remote  those of the deployment
--file    a copy: an SQLite database, or the .sql that "wrangler d1 export" writes
--state   compares keys, roles, lists, operators and dry runs with what the events explain
--jwks    the public keys: https://<gateway>/.well-known/gatehouse/jwks.json, or a file with the same;
          otherwise IDENTITY_KEYS of the environment or of .dev.vars
--heads   signed ends that were kept: an object of the bucket AUDIT_HEADS, or the value of audit/statement in KV
--head    an end as the Worker's log has it: "audit_checkpoint"; may be repeated

--local and --remote also read the ends that KV keeps, and what was published.
`;

async function keysOf(jwks: string | undefined): Promise<readonly SigningKey[]> {
  return (JSON.parse(await keyText(jwks)) as { keys: SigningKey[] }).keys;
}

async function keyText(jwks: string | undefined): Promise<string> {
  if (jwks?.match(/^https?:/)) return (await fetch(jwks)).text();
  if (jwks !== undefined) return readFileSync(jwks, "utf8");
  if (process.env.IDENTITY_KEYS) return process.env.IDENTITY_KEYS;
  const line = existsSync(".dev.vars") && parseEnv(readFileSync(".dev.vars", "utf8")).IDENTITY_KEYS;
  if (!line) throw new Error("no keys to check signatures with: give --jwks, or IDENTITY_KEYS");
  return line;
}

function witnessOf(head: string): KeptEnd {
  const [, account, number, hash] = /^([0-9a-f-]{36}):(\d+):([0-9a-f]{64})$/.exec(head) ?? [];
  if (account === undefined || hash === undefined) throw new Error("--head takes ACCOUNT:NUMBER:HASH");
  return { account, number: Number(number), hash, from: "the end that was given" };
}

function report({ findings, events, accounts, open }: Verified): string {
  const lines = findings.map(({ what, message }) => `${what.padEnd(18)} ${message}`);
  lines.push(`${events} events of ${accounts} accounts, ${open} not sealed yet: ${findings.length} findings`);
  return `${lines.join("\n")}\n`;
}

const [flag, text] = [{ type: "boolean" }, { type: "string" }] as const;
const OPTIONS = {
  ...{ local: flag, remote: flag, state: flag, file: text, jwks: text, heads: text },
  head: { type: "string", multiple: true },
  help: { type: "boolean", short: "h" },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const target = targetOf(values.remote ?? false);
  try {
    return await verify(values, target);
  } finally {
    await target.close();
  }
}

async function verify(values: Values, target: Target): Promise<number> {
  const { file, state = false } = values;
  const keys = await keysOf(values.jwks);
  const read = file === undefined ? target.query : readCopy(file);
  const inKv = file === undefined ? await readKv(target) : { heads: [], published: null };
  const given = values.heads === undefined ? null : readFileSync(values.heads, "utf8");
  const published = [inKv.published, given].filter((text) => text !== null);
  const kept = (known: readonly VerifyingKey[]) => keptEnds(inKv.heads, published, known);
  const verified = await verifyDatabase(read, keys, {
    kept,
    witnesses: (values.head ?? []).map(witnessOf),
    state,
  });
  process.stdout.write(report(verified));
  return verified.findings.length === 0 ? 0 : 1;
}

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  return 2;
});
