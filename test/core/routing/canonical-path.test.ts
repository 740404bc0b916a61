import { describe, expect, test } from "vitest";
import { canonicalPath, MAX_PATH_LENGTH, queryOf } from "../../../src/core/routing/canonical-path.ts";
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
    ["a segment ending in a dot", "/admin./keys"],
    ["a path ending in a dot", "/admin/keys."],
    ["an encoded slash", "/admin%2fkeys"],
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

  test("agrees with the grammar segment by segment, and accepts only what URL parsers leave unchanged", () => {
    const random = seededRandom(1);
    const allowed = new Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@");
    const byTheRule = (path: string): boolean => {
      const segments = path.slice(1).split("/");
      return segments.every(
        (segment, i) =>
          (segment !== "" || i === segments.length - 1) &&
          !segment.endsWith(".") &&
          [...segment].every((character) => allowed.has(character)),
      );
    };
    const plain = ["/", "/", "a", "Z", "0", "-", ".", "..", "~", "=", "@", ":", "$", "api"];
    const hostile = ["%", "%2e", "%2F", ";", "\\", "\t", "\n", "\0", "#", " ", "\u00e9", "|", "..;", "//"];
    let passed = 0;
    for (let i = 0; i < rounds(40_000); i++) {
      const path = `/${random.text(i % 3 === 0 ? [...plain, ...hostile] : plain, random.below(9))}`;
      const canonical = canonicalPath(ORIGIN + path);
      expect(canonical, JSON.stringify(path)).toBe(byTheRule(path) ? path : null);
      if (canonical === null) continue;
      passed++;
      expect(new URL(ORIGIN + path).pathname).toBe(canonical);
    }
    expect(passed).toBeGreaterThan(rounds(5_000));
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
