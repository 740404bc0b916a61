// curl as a client: one command line for all steps, so that it can use its connection again.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeBody } from "./clients/summary.ts";
import type { Step } from "./scenarios.ts";
import { CLIENT_TIMEOUT_MS, SCRATCH } from "./scratch.ts";

// Between the parts of what curl writes.
const [FIELD, RECORD] = ["\u001f", "\u001e"];

/** Sends the steps. @returns what the other client programs print */
export function runCurl(program: string, base: string, token: string, steps: readonly Step[]): Promise<string> {
  const folder = mkdtempSync(join(SCRATCH, "curl-"));
  const args = steps.flatMap((step, index) => {
    const conditional = steps[index + 1]?.headers?.["if-none-match"] !== undefined;
    const saved = conditional ? ["--etag-save", join(folder, "etag")] : [];
    const key = token === "" ? [] : ["--header", `Authorization: Bearer ${token}`];
    return [
      ...(index === 0 ? [] : ["--next"]),
      ...[...key, ...saved, ...argsOf(step, join(folder, `${index}`)), base + step.path],
    ];
  });
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 16_777_216, timeout: CLIENT_TIMEOUT_MS }, (_, output) => {
      const records = output.split(RECORD).slice(0, -1);
      resolve(JSON.stringify(records.map((record, index) => resultOf(record, join(folder, `${index}`)))));
    });
  });
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

function resultOf(record: string, file: string): unknown {
  const [headers = "{}", written = "{}"] = record.split(FIELD);
  const { http_code: status, url_effective: url, method, ...times } = JSON.parse(written);
  if (status < 200) return { error: true };
  const pairs = Object.entries(JSON.parse(headers) as Record<string, string[]>);
  const body = method !== "HEAD" && existsSync(file) ? describeBody(readFileSync(file)) : "";
  const spread = (times.time_total - times.time_starttransfer) * 1_000;
  return { status, url, headers: pairs.map(([name, values]) => [name, values.join(", ")]), body, spread };
}
