// Node's own clients: `fetch` (undici) and `node:http`. Usage: node.mjs fetch|http BASE AUTHORIZATION, steps on standard input.
import { readFileSync } from "node:fs";
import http from "node:http";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";

const [kind, base, authorization] = process.argv.slice(2);
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
  const { method, text, size, chunked, breakAfter, follow } = step;
  const sized = size !== undefined && !chunked && breakAfter === undefined;
  const streamed = size === undefined ? text : Readable.from(content(step));
  const body = sized ? Buffer.alloc(size, "0123456789abcdef") : streamed;
  const redirect = follow ? "follow" : "manual";
  const response = await fetch(url, { method, headers, body, duplex: "half", redirect });
  return { status: response.status, url: response.url, headers: [...response.headers], parts: response.body ?? [] };
}

function viaHttp(url, step, headers) {
  return new Promise((resolve, reject) => {
    const { method, text, size, chunked } = step;
    const length = chunked ? undefined : (size ?? (text && Buffer.byteLength(text)));
    if (length !== undefined) headers["content-length"] = length;
    const request = http.request(url, { method, headers, agent });
    request.on("error", reject);
    request.on("response", (response) => {
      const { statusCode, rawHeaders } = response;
      const pairs = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]]] : []));
      resolve({ status: statusCode, url, headers: pairs, parts: response });
    });
    if (size === undefined) return request.end(text);
    const sending = Readable.from(content(step)).on("error", (error) => request.destroy(error));
    sending.pipe(request);
  });
}

async function summarize({ parts, ...rest }, until) {
  const read = [];
  let first = null;
  for await (const part of parts) {
    first ??= performance.now();
    read.push(Buffer.from(part));
    if (until !== undefined && Buffer.concat(read).includes(until)) break;
  }
  const spread = first === null ? 0 : performance.now() - first;
  return { ...rest, body: Buffer.concat(read).toString("base64"), spread };
}

const results = [];
let etag = "";
for (const step of JSON.parse(readFileSync(0, "utf8"))) {
  const headers = { ...(authorization === "" ? {} : { authorization }), ...step.headers };
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
