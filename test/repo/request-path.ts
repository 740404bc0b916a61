// `npm run bench:path`: what a reader of one authorized, cached read goes through. Every function of src/core, src/gateway,
// src/store and src/log.ts reports when it is entered, while the gateway test harness answers one request with the real key
// resolver and usage recorder. Functions and files are distinct; a switch is an entry in another file than the entry before
// it (returns are not counted). `--list` prints the entries in their order.
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseAst } from "vite";

const SOURCES = /^src\/(?:(?:core|gateway|store)\/.*|log)\.ts$/;
const ROOT = new URL("../../", import.meta.url);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

const entries: { readonly file: string; readonly id: string }[] = [];
Object.assign(globalThis, { __enter: (file: string, id: string) => void entries.push({ file, id }) });

registerHooks({
  load(url, context, nextLoad) {
    const file = url.startsWith("file:") ? relative(fileURLToPath(ROOT), fileURLToPath(url)) : "";
    const loaded = nextLoad(url, context);
    if (!SOURCES.test(file)) return loaded;
    return { format: "module", shortCircuit: true, source: instrumented(file, String(loaded.source)) };
  },
});

/** The source without types and with a report at the beginning of each function. */
function instrumented(file: string, source: string): string {
  const code = stripTypeScriptTypes(source);
  const insertions: (readonly [at: number, text: string])[] = [];
  visit(parseAst(code) as unknown as Node, "", (body, name) => {
    const line = code.slice(0, body.start).split("\n").length;
    const enter = `__enter(${JSON.stringify(file)}, ${JSON.stringify(`${name || "=>"}:${line}`)})`;
    if (body.type === "BlockStatement") insertions.push([body.start + 1, `${enter};`]);
    else insertions.push([body.start, `(${enter}, (`], [body.end, "))"]);
  });
  return insertions
    .sort(([a], [b]) => b - a)
    .reduce((text, [at, insertion]) => text.slice(0, at) + insertion + text.slice(at), code);
}

/** Calls back for each function below a node, with the name that the function or its place has. */
function visit(node: Node, placeName: string, onFunction: (body: Node, name: string) => void): void {
  const own = (node.id ?? node.key) as { readonly name?: string } | null | undefined;
  const name = own?.name ?? "";
  if (/Function/.test(node.type) && node.body) onFunction(node.body as Node, name || placeName);
  for (const child of Object.values(node).flat()) {
    if (typeof (child as Node | null)?.type === "string") visit(child as Node, name, onFunction);
  }
}

const { list } = parseArgs({ options: { list: { type: "boolean", default: false } } }).values;
// By its address: the sources that it imports are typed for Workers, this script for Node.
const { sendCachedReads } = await import(new URL("test/gateway/cached-read.ts", ROOT).href);
await sendCachedReads(() => {
  entries.length = 0;
});
const files = [...new Set(entries.map(({ file }) => file))];
const functions = new Set(entries.map(({ file, id }) => `${file} ${id}`)).size;
const switches = entries.filter(({ file }, i) => i > 0 && file !== entries[i - 1]?.file).length;
console.log(list ? entries.map(({ file, id }) => `${file} ${id}`).join("\n") : files.join("\n"));
console.log(`${functions} functions, ${files.length} files, ${switches} switches`);
