// `npm run conformance -- DIR`: starts Gatehouse in front of an upstream that serves fixtures, sends the request sequences of a
// client's commands (conformance-cases.json, operations.tsv, fixtures/), and prints for each command whether the client works.
import { mkdirSync } from "node:fs";
import { styleText } from "node:util";
import { readSuite } from "./conformance/cases.ts";
import { modelsOf } from "./conformance/models.ts";
import { playCase } from "./conformance/play.ts";
import type { Stage } from "./conformance/step.ts";
import { QUIET, ROOT } from "./wrangler.ts";

const WIDTH = 92;
const MOST_PROBLEMS = 3;

const cut = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** Plays all cases in their order and prints a line for each. @returns how many cases failed */
async function playAll(stage: Stage): Promise<number> {
  const { cases } = stage.suite;
  let failed = 0;
  for (const [index, source] of cases.entries()) {
    // A case that cannot be played has not passed; the others still can.
    const problems = await playCase(source, stage).catch(({ message, cause }: Error) => [`${message} ${cause ?? ""}`]);
    if (problems.length > 0) failed += 1;
    const sign = problems.length === 0 ? styleText("green", "ok    ") : styleText("red", "not ok");
    console.log(`${sign} ${String(index + 1).padStart(2)}  ${cut(source.command, WIDTH)}`);
    for (const problem of problems.slice(0, MOST_PROBLEMS)) console.log(`           ${cut(problem, 2 * WIDTH)}`);
    if (problems.length > MOST_PROBLEMS) console.log(`           and ${problems.length - MOST_PROBLEMS} more`);
  }
  console.log(`${cases.length - failed} passed, ${failed} failed`);
  return failed;
}

async function main([dir, ...more]: readonly string[]): Promise<number> {
  if (dir === undefined || more.length > 0) throw new Error("usage: npm run conformance -- DIR");
  const suite = readSuite(dir);
  // wrangler reads these while it loads.
  Object.assign(process.env, QUIET);
  // wrangler.toml names the console's folder; a conformance run needs no console.
  mkdirSync(`${ROOT}dist/assets`, { recursive: true });
  const { ACCOUNT, startGatehouse } = await import("../test/support/gatehouse.ts");
  if (suite.ids.accountId !== ACCOUNT) throw new Error(`the account of the fixtures is not ${ACCOUNT}`);
  const gatehouse = await startGatehouse({ DEFAULT_KEY_ROLE: "Admin" });
  try {
    const admin = await gatehouse.key({ name: "conformance" });
    const expired = await gatehouse.key({ name: "conformance-expired", expiresAt: Date.now() - 3_600_000 });
    const keys = { adminKey: admin.token, expiredKey: expired.token };
    return await playAll({ suite, models: modelsOf(suite.known), gatehouse, ...keys });
  } finally {
    await gatehouse.close();
  }
}

try {
  process.exitCode = (await main(process.argv.slice(2))) === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
