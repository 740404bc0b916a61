// `npm run api:check -- FILE|URL`: compares an OpenAPI document with the table that was made from it, for the CI of who owns
// the API. Writes nothing.
import { type ApiCommand, runApiCommand } from "./api/command.ts";
import { readText } from "./api/document.ts";
import { driftOf } from "./api/drift.ts";
import { importDocument } from "./api/import.ts";
import { policyFaultsIn, readTable } from "./api/write.ts";

const USAGE = `npm run api:check -- FILE|URL [--name NAME] [--prefix /v1] [--make-ids]

Compares a document with api/NAME/operations.ts, with the options of npm run api:import, and policy.ts with both. Prints a line
for every operation that was added, removed or changed, and for every contradiction, and exits with 1 when there is one.
`;

async function main({ source, folderOf, ...options }: ApiCommand): Promise<number> {
  const before = (api: string) => readTable(folderOf(api));
  const imported = await importDocument(await readText(source), { ...options, before });
  const table = await readTable(folderOf(imported.name));
  if (table.length === 0) throw new Error(`api/${imported.name}/operations.ts is not there: npm run api:import first.`);
  const lines = [...driftOf(imported.operations, table), ...(await policyFaultsIn(folderOf(imported.name)))];
  for (const line of lines) process.stdout.write(`${line}\n`);
  process.stdout.write(
    `api/${imported.name}: ${imported.operations.length} operations in the document, ${table.length} in the table, ${lines.length} differences\n`,
  );
  return lines.length === 0 ? 0 : 1;
}

await runApiCommand(USAGE, main);
