// Compares the shape of a response with that of a fixture, and finds the members that the CLI reads.
import { isMembers, kindOf } from "./client.ts";

/**
 * The members of a fixture that a response lacks or has with another type, at every depth. `null` in the fixture allows
 * anything; `null` in the response is allowed only there. Items of a list are compared with the members that all items
 * of the fixture's list have.
 */
export function shapeProblems(response: unknown, fixture: unknown, at = ""): string[] {
  if (response === undefined) return [`${at || "body"}: missing, the fixture has it`];
  if (fixture === null) return [];
  if (Array.isArray(fixture)) {
    if (!Array.isArray(response)) return [differs(response, fixture, at)];
    if (fixture.length === 0) return [];
    return response.flatMap((item, index) => shapeProblems(item, common(fixture), `${at}[${index}]`));
  }
  if (isMembers(fixture)) {
    if (!isMembers(response)) return [differs(response, fixture, at)];
    return Object.entries(fixture).flatMap(([name, member]) =>
      shapeProblems(response[name], member, at === "" ? name : `${at}.${name}`),
    );
  }
  return typeof response === typeof fixture ? [] : [differs(response, fixture, at)];
}

function differs(response: unknown, fixture: unknown, at: string): string {
  return `${at || "body"}: ${kindOf(response)}, the fixture has ${kindOf(fixture)}`;
}

/** The members that all items of a list have, with `null` (anything) where items differ in kind. */
function common(items: readonly unknown[]): unknown {
  return items.reduce((left, right) => {
    if (isMembers(left) && isMembers(right)) {
      const shared = Object.keys(left).filter((name) => name in right);
      return Object.fromEntries(shared.map((name) => [name, common([left[name], right[name]])]));
    }
    return kindOf(left) === kindOf(right) ? left : null;
  });
}

/**
 * Everything at a place such as `data[].info.id` or `data[0].info`: `[]` is each item, `[0]` an item that must exist.
 * A member that is missing or null on the way, or at its end, is a problem: the CLI would dereference it.
 */
export function readProblems(value: unknown, path: string): string[] {
  const hops = path.match(/[^.[\]]+|\[\d*\]/g) ?? [];
  return walk(value, hops, "");
}

function walk(value: unknown, hops: readonly string[], at: string): string[] {
  if (value === undefined || value === null) return [`${at || "body"}: ${kindOf(value)}, the CLI reads it`];
  const [hop, ...rest] = hops;
  if (hop === undefined) return [];
  if (hop.startsWith("[")) {
    if (!Array.isArray(value)) return [`${at}: ${kindOf(value)}, the CLI reads an array`];
    if (hop === "[]") return value.flatMap((item, index) => walk(item, rest, `${at}[${index}]`));
    return walk(value[Number(hop.slice(1, -1))], rest, `${at}${hop}`);
  }
  if (!isMembers(value)) return [`${at || "body"}: ${kindOf(value)}, the CLI reads an object`];
  return walk(value[hop], rest, at === "" ? hop : `${at}.${hop}`);
}
