// curl as a client: one command line for all steps, so that it can use its connection again.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientResult } from "./clients.ts";
import type { Step } from "./scenarios.ts";
import { converse, SCRATCH } from "./scratch.ts";

// Between the parts of what curl writes.
const [FIELD, RECORD] = ["\u001f", "\u001e"];

/** Sends the steps, as the `send` of a client does. */
export async function runCurl(program: string, base: string, authorization: string, steps: readonly Step[]) {
  const folder = mkdtempSync(join(SCRATCH, "curl-"));
  const args = steps.flatMap((step, index) => {
    const conditional = steps[index + 1]?.headers?.["if-none-match"] !== undefined;
    const saved = conditional ? ["--etag-save", join(folder, "etag")] : [];
    const given = authorization === "" ? [] : ["--header", `Authorization: ${authorization}`];
    return [...given, ...saved, ...argsOf(step, join(folder, `${index}`)), base + step.path, "--next"];
  });
  const records = (await converse([program, ...args.slice(0, -1)])).split(RECORD).slice(0, -1);
  const results = records.map((record, index) => resultOf(record, join(folder, `${index}`)));
  rmSync(folder, { recursive: true });
  return results;
}

function argsOf(step: Step, file: string): readonly string[] {
  const { size, breakAfter, chunked, text, follow } = step;
  const args = ["--silent", "--output", file, "--write-out", `%{header_json}${FIELD}%{json}${RECORD}`];
  args.push(...(step.method === "HEAD" ? ["--head"] : ["--request", step.method]));
  for (const [name, value] of Object.entries(step.headers ?? {})) {
    if (name === "if-none-match") args.push("--etag-compare", join(file, "../etag"));
    else args.push("--header", `${name}: ${value}`);
  }
  if (follow) args.push("--location");
  if (text !== undefined) args.push("--data-binary", text);
  if (size !== undefined) {
    writeFileSync(`${file}.body`, Buffer.alloc(size, "0123456789abcdef"));
    args.push("--upload-file", `${file}.body`);
  }
  if (chunked) args.push("--header", "Transfer-Encoding: chunked");
  // curl ends a transfer in the middle when its time is over.
  if (breakAfter !== undefined) args.push("--limit-rate", `${(size ?? 0) / 4}`, "--max-time", "1");
  if (step.until !== undefined) args.push("--max-time", "1");
  return args;
}

function resultOf(record: string, file: string): ClientResult {
  const [headers = "{}", written = "{}"] = record.split(FIELD);
  const { http_code: status, url_effective: url, method, ...times } = JSON.parse(written);
  if (status < 200) return { status: 0, url: "", headers: [], body: "", spread: 0, error: true };
  const pairs = Object.entries(JSON.parse(headers) as Record<string, string[]>);
  const body = method !== "HEAD" && existsSync(file) ? readFileSync(file, "base64") : "";
  const spread = (times.time_total - times.time_starttransfer) * 1_000;
  return { status, url, headers: pairs.map(([name, values]) => [name, values.join(", ")] as const), body, spread };
}
