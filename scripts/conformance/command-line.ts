// A command as a case spells it, for example `role list [--type BUILT-IN|CUSTOM] [--role-name R] -f`.

export interface Flag {
  /** The values that may be given: `A|B` is two; none for a switch. */
  readonly values: readonly string[];
  /** In square brackets: the command works without it. */
  readonly optional: boolean;
}

const withoutRemarks = (command: string) => command.replace(/\([^)]*\)/g, " ");

/** The command itself, without flags: `role list`. */
export function wordsOf(command: string): string {
  return /^\s*((?:[a-z][a-z-]*(?:\s+|$)){0,2})/.exec(withoutRemarks(command))?.[1]?.trim().replace(/\s+/g, " ") ?? "";
}

export function flagsOf(command: string): Map<string, Flag> {
  const found = withoutRemarks(command).matchAll(/(?<=^|\s)(\[?)--?([\w-]+)(?:\s+([^\s[\]-][^\s\]]*))?/g);
  return new Map(
    [...found].map(([, bracket, name = "", value]) => [
      name,
      { values: value?.split("|") ?? [], optional: bracket === "[" },
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
