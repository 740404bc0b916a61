// Node's own clients: `fetch` (undici) and `node:http`. Usage: node.mjs fetch|http BASE TOKEN, steps on standard input.
import { readFileSync } from "node:fs";
import http from "node:http";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { summarize } from "./summary.ts";

const [kind, base, token] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** The bytes of an upload, part by part; throws after `breakAfter` of them. */
async function* content({ size, breakAfter = size }) {
  const part = Buffer.alloc(16_384, "0123456789abcdef");
  for (let sent = 0; sent < breakAfter; sent += part.length) yield part.subarray(0, Math.min(part.length, size - sent));
  if (breakAfter === size) return;
  await setTimeout(100);
  throw new Error("broken off");
}

async function viaFetch(url, step, headers) {
  const body = step.text ?? (step.size === undefined ? undefined : Readable.from(content(step)));
  const { method } = step;
  const sized = step.size !== undefined && !step.chunked && step.breakAfter === undefined;
  const whole = sized ? Buffer.alloc(step.size, "0123456789abcdef") : body;
  const redirect = step.follow ? "follow" : "manual";
  const response = await fetch(url, { method, headers, body: whole, duplex: "half", redirect });
  return { status: response.status, url: response.url, headers: [...response.headers], parts: response.body ?? [] };
}

function viaHttp(url, step, headers) {
  return new Promise((resolve, reject) => {
    const whole = step.text === undefined ? step.size : Buffer.byteLength(step.text);
    const length = step.chunked ? undefined : whole;
    if (length !== undefined) headers["content-length"] = length;
    const request = http.request(url, { method: step.method, headers, agent });
    request.on("error", reject);
    request.on("response", (response) => {
      const { statusCode, rawHeaders } = response;
      const pairs = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]]] : []));
      resolve({ status: statusCode, url, headers: pairs, parts: response });
    });
    if (step.size === undefined) request.end(step.text);
    else
      Readable.from(content(step))
        .on("error", (error) => request.destroy(error))
        .pipe(request);
  });
}

const results = [];
let etag = "";
for (const step of JSON.parse(readFileSync(0, "utf8"))) {
  const headers = { ...(token === "" ? {} : { authorization: `Bearer ${token}` }), ...step.headers };
  if (headers["if-none-match"] !== undefined) headers["if-none-match"] = etag;
  try {
    const got = await (kind === "fetch" ? viaFetch : viaHttp)(base + step.path, step, headers);
    etag = new Headers(got.headers).get("etag") ?? etag;
    results.push(await summarize(got, step.until));
  } catch {
    results.push({ error: true });
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit());
