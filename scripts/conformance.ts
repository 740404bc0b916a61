// `npm run conformance -- DIR [--url URL --key KEY [--expired-key KEY]]`: sends the request sequences of a client's commands
// (conformance-cases.json, operations.tsv, fixtures/), and prints for each command whether the client would work. Without
// --url it starts Gatehouse in front of an upstream that serves the fixtures. With --url, only shapes are checked, and nothing
// is changed but keys, lists and roles.
import { parseArgs, styleText } from "node:util";
import { type Case, readSuite, type Suite } from "./conformance/cases.ts";
import { startFixtureUpstream } from "./conformance/fixture-upstream.ts";
import { startGatehouse } from "./conformance/gateway.ts";
import { modelsOf } from "./conformance/models.ts";
import { type Outcome, playCase } from "./conformance/play.ts";
import type { Stage } from "./conformance/step.ts";

const USAGE = "usage: npm run conformance -- DIR [--url URL --key KEY [--expired-key KEY]]";
const WIDTH = 92;
const MOST_PROBLEMS = 3;
const SIGNS = {
  ok: styleText("green", "ok    "),
  failed: styleText("red", "not ok"),
  skipped: styleText("yellow", "skip  "),
};

const cut = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** Plays all cases in their order and prints a line for each. @returns how many cases failed */
async function playAll(stage: Stage): Promise<number> {
  const count = { ok: 0, failed: 0, skipped: 0 };
  for (const [index, source] of stage.suite.cases.entries()) {
    const outcome = await outcomeOf(source, stage);
    const { problems, stoppedAt } = outcome === "skip" ? { problems: [], stoppedAt: null } : outcome;
    const sign = outcome === "skip" ? "skipped" : problems.length === 0 ? "ok" : "failed";
    count[sign] += 1;
    const upTo = stoppedAt === null ? "" : ` (up to ${stoppedAt})`;
    console.log(`${SIGNS[sign]} ${String(index + 1).padStart(2)}  ${cut(source.command, WIDTH)}${upTo}`);
    for (const problem of problems.slice(0, MOST_PROBLEMS)) console.log(`           ${cut(problem, 2 * WIDTH)}`);
    if (problems.length > MOST_PROBLEMS) console.log(`           and ${problems.length - MOST_PROBLEMS} more`);
  }
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
  console.log(`${count.ok} passed, ${count.failed} failed${skipped}`);
  return count.failed;
}

/** A case that cannot be played has not passed; the others still can. */
function outcomeOf(source: Case, stage: Stage): Promise<Outcome | "skip"> {
  return playCase(source, stage).catch((error: Error) => {
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
    return { problems: [`${error.message}${cause}`], stoppedAt: null };
  });
}

/** Plays against this working tree. */
async function playHere(suite: Suite): Promise<number> {
  const accountId = suite.ids.accountId;
  if (accountId === undefined) throw new Error("the cases file does not name the account of the fixtures");
  const upstream = await startFixtureUpstream();
  try {
    const gateway = await startGatehouse(upstream.url, accountId);
    return await playAll({ suite, models: modelsOf(suite.known), gateway, upstream }).finally(() => gateway.close());
  } finally {
    await upstream.close();
  }
}

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const options = { url: text, key: text, "expired-key": text };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [dir, ...more] = positionals;
  const { url, key, "expired-key": expiredKey = null } = values;
  if (dir === undefined || more.length > 0 || (url === undefined) !== (key === undefined)) throw new Error(USAGE);
  const suite = readSuite(dir);
  if (url === undefined || key === undefined) return playHere(suite);
  return playAll({ suite, models: modelsOf(suite.known), gateway: { url, adminKey: key, expiredKey }, upstream: null });
}

try {
  process.exitCode = (await main()) === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
