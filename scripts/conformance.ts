// `npm run conformance -- DIR [--url URL --key KEY [--expired-key KEY]]`: plays the command sequences of a directory
// (conformance-cases.json, operations.tsv, fixtures/) over HTTP, and says case by case whether the client would cope.
// Without --url it starts Gatehouse itself, in front of an upstream that serves the fixtures. With it, the door and
// what is behind it are somebody else's: only shapes are checked, and nothing is changed but keys, lists and roles.
import { parseArgs } from "node:util";
import { readSuite, type Suite } from "./conformance/cases.ts";
import { startFixtureUpstream } from "./conformance/fixture-upstream.ts";
import { type Door, startGatehouse } from "./conformance/gatehouse.ts";
import { modelsOf } from "./conformance/models.ts";
import { playAll } from "./conformance/report.ts";
import type { Stage } from "./conformance/step.ts";

const USAGE = "usage: npm run conformance -- DIR [--url URL --key KEY [--expired-key KEY]]";

/** Plays against a door that is open already. */
async function playAgainst(suite: Suite, gateway: Door): Promise<number> {
  return playAll({ suite, models: modelsOf(suite.known), door: gateway, upstream: null });
}

/** Plays against this working tree. */
async function playHere(suite: Suite): Promise<number> {
  const accountId = suite.ids.accountId;
  if (accountId === undefined) throw new Error("the cases file does not say which account the fixtures belong to");
  const upstream = await startFixtureUpstream();
  try {
    const gateway = await startGatehouse({ upstreamUrl: upstream.url, accountId });
    const stage: Stage = { suite, models: modelsOf(suite.known), door: gateway, upstream };
    return await playAll(stage).finally(() => gateway.close());
  } finally {
    await upstream.close();
  }
}

function readArguments() {
  const text = { type: "string" } as const;
  const options = { url: text, key: text, "expired-key": text };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [dir, ...more] = positionals;
  if (dir === undefined || more.length > 0) throw new Error(USAGE);
  if ((values.url === undefined) !== (values.key === undefined))
    throw new Error(`--url and --key go together\n${USAGE}`);
  if (values.url === undefined || values.key === undefined) return { dir, door: null };
  return { dir, door: { url: values.url, adminKey: values.key, expiredKey: values["expired-key"] ?? null } };
}

try {
  const { dir, door: gateway } = readArguments();
  const suite = readSuite(dir);
  const failed = gateway === null ? await playHere(suite) : await playAgainst(suite, gateway);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (fault) {
  console.error(fault instanceof Error ? fault.message : fault);
  process.exitCode = 2;
}
