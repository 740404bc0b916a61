import { describe, expect, test } from "vitest";
import {
  canonicalPath,
  isPlainPath,
  lenientReading,
  MAX_PATH_LENGTH,
  queryOf,
} from "../../../src/core/routing/canonical-path.ts";
import { naiveCanonical } from "../../support/naive-paths.ts";
import { rounds, seededRandom } from "../../support/random.ts";

const ORIGIN = "https://api.example.com:8443";

describe("canonicalPath", () => {
  test.each([
    "/",
    "/ping",
    "/api/public/v1/accounts/5ea8e3b5-7fa8-4d0b-9d4a-2d3f5c6b7a81/clusters",
    "/api/clusters/",
    "/a.b/c..d/.hidden/..two",
    "/AZaz09-._~!$&'()*+,=:@x",
    "/@/:/~",
  ])("accepts %s unchanged", (path) => {
    expect(canonicalPath(ORIGIN + path)).toBe(path);
    expect(canonicalPath(`${ORIGIN + path}?next=/a//b/../%2f`)).toBe(path);
  });

  test.each([
    ["/a%20b", "/a%20b"],
    ["/caf%c3%a9", "/caf%C3%A9"],
    ["/%2f", "/%2F"],
    ["/a%2fb/c%2F", "/a%2Fb/c%2F"],
    ["/sha256%3Aabc/user%40x/a%2Bb", "/sha256%3Aabc/user%40x/a%2Bb"],
    ["/%21%22%23%24%26%27%28%29%2A%2C%3B%3C%3D%3E%3F", "/%21%22%23%24%26%27%28%29%2A%2C%3B%3C%3D%3E%3F"],
    ["/%5B%5D%5E%60%7B%7C%7D", "/%5B%5D%5E%60%7B%7C%7D"],
    ["/%E5%90%8D%E5%89%8D/%F0%9F%98%80/", "/%E5%90%8D%E5%89%8D/%F0%9F%98%80/"],
    ["/admin./keys", "/admin./keys"],
    ["/admin/keys.", "/admin/keys."],
    ["/a..%2F..b", "/a..%2F..b"],
    ["/%20", "/%20"],
  ])("accepts %s as %s, for the values of parameters", (path, canonical) => {
    expect(canonicalPath(ORIGIN + path)).toBe(canonical);
    expect(isPlainPath(canonical)).toBe(false);
  });

  test.each([
    ["an encoded letter", "/%61dmin/keys"],
    ["a double slash at the start", "//admin/keys"],
    ["a double slash inside", "/api//clusters"],
    ["a double slash at the end", "/api/clusters//"],
    ["nothing but slashes", "//"],
    ["a path that reads as an authority", "//evil.example/x"],
    ["a backslash that reads as a slash", "/\\evil.example/x"],
    ["a tab that parsers drop", "/\t/evil.example"],
    ["raw dot segments", "/public/../admin/keys"],
    ["a single dot", "/x/./y"],
    ["a final single dot", "/x/."],
    ["a final double dot", "/x/.."],
    ["encoded dots", "/x/%2e%2e/admin/keys"],
    ["half encoded dots", "/x/.%2e/admin"],
    ["three dots", "/x/.../y"],
    ["dots and a blank", "/x/.%20./y"],
    ["dots that look alike", "/x/%EF%BC%8E%EF%BC%8E/admin"],
    ["an ellipsis", "/x/%E2%80%A6/y"],
    ["a dot with an accent", "/x/.%CC%81./y"],
    ["dots with a character between them that is not seen", "/x/.%E2%80%8B./y"],
    ["a slash that looks alike", "/a%EF%BC%8Fb"],
    ["a backslash that looks alike", "/a%EF%BC%BCb"],
    ["a percent sign that looks alike", "/a%EF%BC%85b"],
    ["a character that stands for two with a slash", "/a%E2%84%80b"],
    ["a dot segment behind an encoded slash", "/x%2F.."],
    ["a dot segment before an encoded slash", "/..%2Fx"],
    ["a dot segment between encoded slashes", "/x%2F.%2Fy"],
    ["an encoded percent", "/a%25b"],
    ["an encoded tilde", "/a%7Eb"],
    ["an encoded DEL", "/a%7Fb"],
    ["an encoded control of Latin-1", "/a%C2%85b"],
    ["half a character", "/a%C3"],
    ["half a character on each side of a slash", "/a%C3/%A9"],
    ["half a character on each side of an encoded slash", "/a%C3%2F%A9"],
    ["an encoded surrogate", "/%ED%A0%80"],
    ["a code point beyond Unicode", "/%F4%90%80%80"],
    ["a plain character beside bad octets", "/a%20%FF"],
    ["an encoding in the form of scripts", "/%u00e9"],
    ["encoded slashes among dots", "/api/clusters/..%2f..%2fadmin%2fkeys"],
    ["backslashes among dots", "/x\\..\\admin\\keys"],
    ["an encoded backslash", "/admin%5ckeys"],
    ["matrix parameters", "/admin;x=1/keys"],
    ["matrix parameters behind dots", "/x/..;/admin/keys"],
    ["an encoded NUL", "/admin%00/keys"],
    ["a raw NUL", "/admin\0/keys"],
    ["an encoded line break", "/a%0d%0aX:1"],
    ["a raw line break", "/a\r\nX:1"],
    ["a final line break", "/admin/keys\n"],
    ["overlong UTF-8", "/%c0%ae%c0%ae/admin"],
    ["percent without digits", "/%zz"],
    ["a lone percent", "/%"],
    ["double encoding", "/%252e%252e/admin"],
    ["a fragment", "/public#/../admin/keys"],
    ["a space", "/a b"],
    ["letters beyond ASCII", "/\u00e9"],
    ["a full-width slash", "/a\uff0fb"],
    ["a letter that folds to ASCII", "/\u212aeys"],
    ["brackets", "/a[0]"],
    ["a pipe", "/a|b"],
    ["a quote", '/a"b'],
    ["markup", "/<x>"],
    ["braces", "/{a}"],
    ["a caret", "/a^b"],
    ["a backtick", "/a`b"],
  ])("rejects %s", (_, path) => {
    expect(canonicalPath(ORIGIN + path)).toBeNull();
  });

  test.each(["", "/api", "api", "https:/api", "https://host", "https://host?next=/api", "https://host#/api"])(
    "rejects %j, which has no path",
    (url) => {
      expect(canonicalPath(url)).toBeNull();
    },
  );

  test("rejects a fragment behind the query", () => {
    expect(canonicalPath(`${ORIGIN}/a?b#/c`)).toBeNull();
  });

  test("accepts the path without the dot segments that the runtime removed", () => {
    for (const path of ["/public/../admin/keys", "/x/%2e%2e/admin/keys", "/x/.%2E/admin/keys", "/x\\..\\admin\\keys"]) {
      expect(canonicalPath(new Request(ORIGIN + path).url)).toBe("/admin/keys");
    }
  });

  test("rejects a path of more than 2,048 characters, with any query", () => {
    const longest = `/${"a".repeat(MAX_PATH_LENGTH - 1)}`;
    expect(longest).toHaveLength(2048);
    expect(canonicalPath(`${ORIGIN + longest}?${"q".repeat(4096)}`)).toBe(longest);
    expect(canonicalPath(`${ORIGIN + longest}a`)).toBeNull();
  });

  test("agrees with the grammar octet by octet, and accepts only what URL parsers leave unchanged", () => {
    const random = seededRandom(1);
    const plain = ["/", "/", "a", "Z", "0", "-", ".", "..", "~", "=", "@", ":", "$", "api"];
    const encoded = ["%20", "%2F", "%2f", "%3A", "%c3%a9", "%C3", "%A9", "%C2%80", "%EF%BC%8E", "%E2%80%8B", "%CC%81"];
    const hostile = ["%", "%2e", ";", "\\", "\t", "\n", "\0", "#", " ", "\u00e9", "|", "..;", "//"];
    let passed = 0;
    for (let i = 0; i < rounds(40_000); i++) {
      const path = `/${random.text([plain, [...plain, ...encoded], [...plain, ...hostile, ...encoded]][i % 3] ?? [], random.below(9))}`;
      const canonical = canonicalPath(ORIGIN + path);
      expect(canonical, JSON.stringify(path)).toBe(naiveCanonical(path));
      if (canonical === null) continue;
      passed++;
      expect(new URL(ORIGIN + canonical).pathname).toBe(canonical);
    }
    expect(passed).toBeGreaterThan(rounds(5_000));
  });
});

describe("lenientReading", () => {
  test.each([
    ["/Console/X", "/console/x"],
    ["/console./x", "/console/x"],
    ["/console%20/x..%20", "/console/x"],
    ["/%EF%BD%83onsole", "/console"],
    ["/c%C3%B6nsole", "/console"],
    ["/con%E2%80%8Bsole", "/console"],
    ["/con%C5%BFole", "/console"],
    ["/pol%C4%B1cy", "/policy"],
    ["/%2Fconsole%2F%2Fx", "/console/x"],
    ["/%E2%84%AAeys", "/keys"],
  ])("reads %s as %s", (path, reading) => {
    expect(lenientReading(path)).toBe(reading);
  });
});

describe("queryOf", () => {
  test.each([
    ["/a", ""],
    ["/a?", "?"],
    ["/a?b=1&b=2&c[]=%2f", "?b=1&b=2&c[]=%2f"],
    ["/a?b=/x?y=1", "?b=/x?y=1"],
  ])("queryOf returns the query of %s byte for byte", (target, query) => {
    expect(queryOf(ORIGIN + target)).toBe(query);
  });
});
