// The list of allowed differences is the documentation's: docs/request-flow.md has the same rows, in the same order.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ALLOWED_DIFFERENCES } from "./allowed-differences.ts";

it("lists the allowed differences as docs/request-flow.md does", () => {
  const section = readFileSync("docs/request-flow.md", "utf8").split("## What differs from a direct exchange")[1] ?? "";
  const rows = section.split("\n## ")[0]?.match(/^\| (?:request|answer) \|.*$/gm) ?? [];
  expect(rows).toEqual(ALLOWED_DIFFERENCES.map(({ side, title, reason }) => `| ${side} | ${title} | ${reason} |`));
});
