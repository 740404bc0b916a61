// Holds one value against another: every member of a fixture in an answer, and every place that the CLI reads.
import { isMembers, kindOf } from "./client.ts";

/**
 * What an answer lacks of a fixture's shape: every member, with a compatible type, all the way down. `null` in the
 * fixture allows anything; `null` in the answer is allowed only there. Items of a list are held against the members
 * that all items of the fixture's list have.
 */
export function shapeFaults(answer: unknown, fixture: unknown, at = ""): string[] {
  if (answer === undefined) return [`${at || "body"}: missing, the fixture has it`];
  if (fixture === null) return [];
  if (Array.isArray(fixture)) {
    if (!Array.isArray(answer)) return [differs(answer, fixture, at)];
    if (fixture.length === 0) return [];
    return answer.flatMap((item, index) => shapeFaults(item, common(fixture), `${at}[${index}]`));
  }
  if (isMembers(fixture)) {
    if (!isMembers(answer)) return [differs(answer, fixture, at)];
    return Object.entries(fixture).flatMap(([name, member]) =>
      shapeFaults(answer[name], member, at === "" ? name : `${at}.${name}`),
    );
  }
  return typeof answer === typeof fixture ? [] : [differs(answer, fixture, at)];
}

function differs(answer: unknown, fixture: unknown, at: string): string {
  return `${at || "body"}: ${kindOf(answer)}, the fixture has ${kindOf(fixture)}`;
}

/** What every item of a list has: its members, and `null` (anything) where items differ in kind. */
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
 * A place that is missing or null on the way, or at its end, is a fault: the CLI would dereference it.
 */
export function readFaults(value: unknown, path: string): string[] {
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
