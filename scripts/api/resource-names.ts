// The names of resources: one for each list of things in a path, which stays the same when the document grows.
import { OWN_RESOURCES } from "./gatehouse.ts";

/** Names that say nothing without what they are of. */
const OF_SOMETHING = new Set(
  "CONFIG CONFIGURATION DETAIL HEALTH HISTORY INFO ITEM MEMBER METADATA OPTION RESULT SETTING STATE STATUS SUMMARY TYPE VERSION".split(
    " ",
  ),
);

/**
 * One name for each list of things: its last, with as many of those before it as tell it from the others.
 *
 * @param onlyRead the lists, with a slash between things, and whether nothing changes what is there
 * @param kept the names of lists that the table has already
 * @param api the name of the API, which goes in front of a name that Gatehouse has
 */
export function namesOf(
  onlyRead: ReadonlyMap<string, boolean>,
  kept: ReadonlyMap<string, string>,
  api: string,
): ReadonlyMap<string, string> {
  const keys = [...onlyRead.keys()].sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const take = (key: string, name: string) => {
    names.set(key, name);
    taken.add(name);
  };
  for (const key of keys) {
    const name = kept.get(key);
    if (name !== undefined && !taken.has(name) && candidatesOf(key, api).some((each) => each.name === name))
      take(key, name);
  }
  for (const key of keys) {
    if (names.has(key)) continue;
    const last = lastOf(key);
    // A list of the same things below something else, such as the allocations of a job, is what reads them.
    if (onlyRead.get(key) && names.get(last) === last && !OF_SOMETHING.has(last)) {
      names.set(key, last);
      continue;
    }
    const others = keys.filter((other) => other !== key && lastOf(other) === last);
    const isClear = ({ end }: Candidate) =>
      depthOf(key) === 1 || (others.every((other) => !`/${other}`.endsWith(`/${end}`)) && !OF_SOMETHING.has(end));
    const free = candidatesOf(key, api).filter(({ name }) => !taken.has(name));
    take(key, (free.find(isClear) ?? free[0])?.name ?? numbered(key, taken));
  }
  return names;
}

interface Candidate {
  readonly name: string;
  /** The things that it consists of. */
  readonly end: string;
}

/** The names that a list of things may have, the shortest first. */
function candidatesOf(key: string, api: string): readonly Candidate[] {
  const things = key.split("/");
  const ends = things.map((_, index) => things.slice(-1 - index));
  const plain = ends.map((end) => ({ name: end.join("_"), end: end.join("/") }));
  const valid = plain.filter(({ name }) => /^[A-Z]/.test(name) && !OWN_RESOURCES.has(name));
  return [...valid, ...plain.map(({ name, end }) => ({ name: `${api}_${name}`, end }))];
}

function numbered(key: string, taken: ReadonlySet<string>): string {
  const name = key.replaceAll("/", "_");
  let number = 2;
  while (taken.has(`${name}_${number}`)) number += 1;
  return `${name}_${number}`;
}

const lastOf = (key: string) => key.slice(key.lastIndexOf("/") + 1);
const depthOf = (key: string) => key.split("/").length;
