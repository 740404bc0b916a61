// `npm run conformance -- DIR`: starts Gatehouse in front of an upstream that serves fixtures, sends the request sequences of a
// client's commands (conformance-cases.json, operations.tsv, fixtures/), and prints for each command whether the client works.
import { styleText } from "node:util";
import { type Case, readSuite } from "./conformance/cases.ts";
import { startFixtureUpstream } from "./conformance/fixture-upstream.ts";
import { startGatehouse } from "./conformance/gateway.ts";
import { modelsOf } from "./conformance/models.ts";
import { playCase } from "./conformance/play.ts";
import type { Stage } from "./conformance/step.ts";

const WIDTH = 92;
const MOST_PROBLEMS = 3;

const cut = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** Plays all cases in their order and prints a line for each. @returns how many cases failed */
async function playAll(stage: Stage): Promise<number> {
  const { cases } = stage.suite;
  let failed = 0;
  for (const [index, source] of cases.entries()) {
    const problems = await problemsOf(source, stage);
    if (problems.length > 0) failed += 1;
    const sign = problems.length === 0 ? styleText("green", "ok    ") : styleText("red", "not ok");
    console.log(`${sign} ${String(index + 1).padStart(2)}  ${cut(source.command, WIDTH)}`);
    for (const problem of problems.slice(0, MOST_PROBLEMS)) console.log(`           ${cut(problem, 2 * WIDTH)}`);
    if (problems.length > MOST_PROBLEMS) console.log(`           and ${problems.length - MOST_PROBLEMS} more`);
  }
  console.log(`${cases.length - failed} passed, ${failed} failed`);
  return failed;
}

/** A case that cannot be played has not passed; the others still can. */
function problemsOf(source: Case, stage: Stage): Promise<readonly string[]> {
  return playCase(source, stage).catch((error: Error) => {
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
    return [`${error.message}${cause}`];
  });
}

async function main([dir, ...more]: readonly string[]): Promise<number> {
  if (dir === undefined || more.length > 0) throw new Error("usage: npm run conformance -- DIR");
  const suite = readSuite(dir);
  const { accountId } = suite.ids;
  if (accountId === undefined) throw new Error("the cases file does not name the account of the fixtures");
  const upstream = await startFixtureUpstream();
  try {
    const gateway = await startGatehouse(upstream.url, accountId);
    return await playAll({ suite, models: modelsOf(suite.known), gateway, upstream }).finally(() => gateway.close());
  } finally {
    await upstream.close();
  }
}

try {
  process.exitCode = (await main(process.argv.slice(2))) === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
