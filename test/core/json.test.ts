// Which bodies are read as JSON, and how.
import { describe, expect, it } from "vitest";
import { mediaTypeError, readJson } from "../../src/core/json.ts";

describe("mediaTypeError", () => {
  it.each([
    ...["application/json", "APPLICATION/JSON", " application/json ", "application/json;", "application/json ; ; "],
    ...["application/json; charset=utf-8", "application/json;charset=UTF8", 'application/json; charset="UTF-8"'],
    ...['application/json; charset="utf\\-8"', "application/json; Charset=utf8", "application/json; version=1"],
    ...['application/json; profile="a; charset=latin1"', "application/json; odata=verbose; charset=utf-8; q=1"],
  ])("reads %j", (type) => {
    expect(mediaTypeError(type, null)).toBeNull();
  });

  it.each([
    ...[
      null,
      "",
      "text/json",
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/jsonp",
      "application/json5",
    ],
    ...["application/merge-patch+json", "application/problem+json", "application/*", "json", "application / json"],
    ...["text/plain, application/json", "application/json, text/plain", "text/plain; application/json"],
    ...[
      "application/json charset=utf-8",
      "application/json; charset",
      "application/json; charset=",
      "application/json; a b",
    ],
    ...['application/json; charset="utf-8', "application/json; charset = utf-8", "application/json; =utf-8"],
  ])("does not read %j", (type) => {
    expect(mediaTypeError(type, null)).toBe("The body must be application/json.");
  });

  it.each(["latin1", "utf-16", "utf-7", '"us-ascii"', "utf-8; charset=latin1"])(
    "does not read the charset %s",
    (charset) => {
      expect(mediaTypeError(`application/json; charset=${charset}`, null)).toContain("UTF-8");
    },
  );

  it("reads no content encoding", () => {
    expect(mediaTypeError("application/json", "Identity")).toBeNull();
    for (const coding of ["gzip", "br", "identity, gzip", ""]) {
      expect(mediaTypeError("application/json", coding)).toContain("content encoding");
    }
  });

  it("reads a long header in linear time", () => {
    const start = performance.now();
    expect(mediaTypeError(`application/json${";   ".repeat(20_000)}x`, null)).not.toBeNull();
    expect(mediaTypeError(`application/json; a="${"\\a".repeat(20_000)}`, null)).not.toBeNull();
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe("readJson", () => {
  const read = (text: string) => readJson(new TextEncoder().encode(text));

  it.each(['{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}', "[]", '"{"', "0", '{"a":"\\"a\\":1","A":1}', '{"":{"":""}}'])(
    "reads %s",
    (text) => {
      expect(read(text)).toEqual({ value: JSON.parse(text) });
    },
  );

  it.each([
    ['{"a":1,"a":1}', "a"],
    ['{"a":1,"\\u0061":2}', "a"],
    ['{"x":[1,{"b":1,"c":{"b":1},"b":2}]}', "b"],
    ['{"":1,"":2}', ""],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
    ['{"\\"{":1,"\\"{":2}', '"{'],
    ['{"a":{"a":[]},"a":{}}', "a"],
  ])("names the member that %s has twice", (text, name) => {
    expect(read(text)).toEqual({ duplicate: name });
  });

  it.each(["", "{", "{'a':1}", "\ufeff{}", "{}\0", "[1,]", "NaN", "{} {}"])("rejects %j", (text) => {
    expect(read(text)).toEqual({ invalid: true });
  });

  it("rejects what is not UTF-8", () => {
    for (const bytes of [
      [0x22, 0xc0, 0xaf, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xff, 0xfe, 0x7b, 0, 0x7d, 0],
    ]) {
      expect(readJson(new Uint8Array(bytes))).toEqual({ invalid: true });
    }
  });

  it("reads the largest and the deepest body of an operation", () => {
    expect(read(`"${"x".repeat(65_530)}"`)).toHaveProperty("value");
    expect(read("[".repeat(32_000) + "]".repeat(32_000))).toHaveProperty("value");
    expect(read(`{${Array.from({ length: 5_000 }, (_, i) => `"${i}":0`).join(",")}}`)).toHaveProperty("value");
  });
});
