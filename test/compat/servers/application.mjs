// What the servers of JavaScript have in common: what they are asked for and what they answer.
import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";

export const [port = "", folder = ""] = process.argv.slice(2);
export const ITEMS = [{ id: 1 }, { id: 2 }];
export const ERROR = { error: "on purpose" };

/** What has been uploaded completely. */
export const uploads = [];

/** @returns what is answered to an upload */
export function keep({ url, headers }, body) {
  const sha256 = createHash("sha256").update(body).digest("hex");
  uploads.push({ url, type: headers["content-type"], bytes: body.length, sha256 });
  return uploads.at(-1);
}

export async function* ticks() {
  for (const id of [1, 2, 3]) {
    yield `id: ${id}\ndata: tick\n\n`;
    await setTimeout(300);
  }
}

export function slow() {
  return setTimeout(800, { slow: true });
}

/** An absolute URL of what the server was asked for, as its framework sees it. */
export function urlOf({ protocol, host }, path) {
  return `${protocol}://${host}${path}`;
}
