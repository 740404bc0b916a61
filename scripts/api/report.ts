// What an import prints: what it found, what it guessed, what it left out and why, and what to do next.
import { stripVTControlCharacters } from "node:util";
import type { Imported } from "./import.ts";
import type { PolicyDifference } from "./write.ts";

/** A table of the permissions with their operations, and everything that people should look at. */
export function reportOf(imported: Imported): string {
  const { name, title, documentName, operations, placed, guesses, leftOut, notes } = imported;
  const permissions = Map.groupBy(operations, ({ permission }) => permission);
  const rows = [...permissions]
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    .flatMap(([permission, same]) =>
      same.map(({ method, path, effect }, index) => {
        const place = placed.get(permission ?? "");
        const role = place === undefined ? "" : `${place.placement}${place.sensitive ? ", sensitive" : ""}`;
        const unusual = effect === "safe" && method !== "GET" && method !== "HEAD" ? " (safe)" : "";
        const first = index === 0 ? [permission ?? "every valid key", role] : ["", ""];
        return [...first, `${method} ${path}${unusual}`];
      }),
    );
  const guessed = [...placed].flatMap(([permission, { because, placement }]) => {
    const reasons = [
      because === null ? [] : [`${placement}, for "${because}" in its path`],
      guesses.get(permission) ?? [],
    ].flat();
    return reasons.length > 0 ? [`${permission}: ${reasons.join("; ")}`] : [];
  });
  const secrets = [...placed.values()].filter(({ sensitive }) => sensitive).length;
  return plain(
    [
      columns([["PERMISSION", "ROLES", "OPERATIONS"], ...rows]),
      list("Guessed, to be read in policy.ts", guessed.sort()),
      list("Left out", leftOut),
      list("To know", [...new Set(notes)]),
      `${name} (${title}), from ${documentName}: ${operations.length} operations, ${placed.size} permissions, ${secrets} of them sensitive; ${leftOut.length} left out.\n`,
    ].join(""),
  );
}

/**
 * What to do with the files that were written, in a folder below that of the project.
 *
 * @param reading the options with which the document was read
 */
export function nextSteps(name: string, files: readonly string[], folder: string, reading: string): string {
  return `Written: ${files.map((file) => `${folder}/${file}`).join(", ")}

Run it:          UPSTREAM_URL=https://… npm start -- --api ${name}
For good:        export { api } from "./${name}/api.ts"; in api/index.ts
In CI:           npm run api:check -- FILE ${`--name ${name} ${reading}`.trim()}
`;
}

/** The difference between a policy and its table in words; "": there is none. */
export function differenceText(name: string, { unplaced, gone, goneOverrides }: PolicyDifference): string {
  return [
    list(`New, to be placed in api/${name}/policy.ts`, unplaced),
    list(`Gone, to be removed from its placement`, gone),
    list(`Gone, to be removed from its overrides`, goneOverrides),
  ].join("");
}

/** Terminal sequences of a document are not printed. */
function plain(text: string): string {
  return stripVTControlCharacters(text);
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${title}:\n${lines.map((line) => `  ${line}\n`).join("")}\n`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const [first = 0, second = 0] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([a = "", b = "", c = ""]) => `${a.padEnd(first)}  ${b.padEnd(second)}  ${c}`.trimEnd());
  return `${lines.join("\n")}\n\n`;
}
