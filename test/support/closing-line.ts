// Vitest reporter: ends a run with one line of totals.
import type { Reporter, TestModule } from "vitest/node";

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const count = (state: string) => states.filter((each) => each === state).length;
    // A file that could not be loaded has no tests and counts as a failure.
    const brokenFiles = modules.filter((module) => module.state() === "failed" && module.errors().length > 0).length;
    // So does a suite whose hook failed: its tests never ran.
    const suites = modules.flatMap((module) => [...module.children.allSuites()]);
    const brokenSuites = suites.filter((suite) => suite.errors().length > 0).length;
    const failed = count("failed") + brokenFiles + brokenSuites + errors.length;
    const skipped = count("skipped") + count("pending");
    const line = `${count("passed")} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
    // After the default reporter's summary, which prints in the same tick.
    setTimeout(() => process.stdout.write(`\n${line}\n`), 0);
  }
}
