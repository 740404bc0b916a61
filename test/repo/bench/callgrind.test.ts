// How bench/instructions.ts reads the counts of valgrind.
import { expect, it } from "vitest";
import { countsOf } from "../../../bench/measure/callgrind.ts";

const DUMP = `# callgrind format
positions: line
events: Ir

ob=(1) workerd
fl=(1) ???
fn=(1) v8::internal::Scanner::Next()
0 10
+3 5
fn=(2) 0x0000000064012680
0 7
cfn=(3) kj::heapString(char const*, unsigned long)
calls=2 0
* 1000
0 1
fn=(3)
0 20

fn=(4) main
0 3

totals: 46
`;

it("counts each instruction once, for the function that holds it", () => {
  expect(Object.fromEntries(countsOf(DUMP))).toEqual({
    V8: 15,
    "compiled JavaScript": 8,
    "HTTP and promises": 20,
    other: 3,
  });
});
