// A command as a case spells it, for example `role list [--type BUILT-IN|CUSTOM] [--role-name R] -f`.

export interface Flag {
  /** What may be given: `A|B` is two values; none for a switch. */
  readonly values: readonly string[];
  /** In square brackets: the command works without it. */
  readonly optional: boolean;
}

const withoutRemarks = (command: string) => command.replace(/\([^)]*\)/g, " ");

/** The command itself, without flags: `role list`. */
export function wordsOf(command: string): string {
  const words: string[] = [];
  for (const word of withoutRemarks(command).split(/\s+/)) {
    if (!/^[a-z][a-z-]*$/.test(word) || words.length === 2) break;
    words.push(word);
  }
  return words.join(" ");
}

export function flagsOf(command: string): Map<string, Flag> {
  const found = withoutRemarks(command).matchAll(/(?<=^|\s)(\[?)--?([\w-]+)(?:\s+([^\s[\]-][^\s\]]*))?/g);
  return new Map(
    [...found].map(([, bracket, name = "", value]) => [
      name,
      { values: value === undefined ? [] : value.split("|"), optional: bracket === "[" },
    ]),
  );
}

/** The ways to fill in a query: one for each value of a flag or parameter, and one without each optional flag. */
export function variantsOf(
  query: Readonly<Record<string, string>>,
  flags: ReadonlyMap<string, Flag>,
): Readonly<Record<string, string>>[] {
  let variants: Record<string, string>[] = [{}];
  for (const [name, value] of Object.entries(query)) {
    const flag = [...flags.values()].find(({ values }) => values[0] === value);
    const values = value.includes(" | ") ? value.split(" | ") : (flag?.values ?? [value]);
    const given = values.map((each) => ({ [name]: each }));
    const choices: Record<string, string>[] = flag?.optional ? [{}, ...given] : given;
    variants = variants.flatMap((variant) => choices.map((choice) => ({ ...variant, ...choice })));
  }
  return variants;
}
