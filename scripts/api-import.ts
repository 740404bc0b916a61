// `npm run api:import -- FILE|URL`: writes api/<name>/ from an OpenAPI document, so that Gatehouse can front that API.
import { relative } from "node:path";
import { type ApiCommand, runApiCommand } from "./api/command.ts";
import { readText } from "./api/document.ts";
import { importDocument } from "./api/import.ts";
import { differenceText, nextSteps, reportOf } from "./api/report.ts";
import { isHandWritten, policyDifference, readTable, writeApi } from "./api/write.ts";
import { ROOT } from "./wrangler.ts";

const USAGE = `npm run api:import -- FILE|URL [--name NAME] [--prefix /v1] [--make-ids]

Reads OpenAPI 3.0 or 3.1 or Swagger 2.0, JSON or YAML, in one file, and writes api/NAME/operations.ts (always), policy.ts and
api.ts (once). Exits with 1, and writes nothing, when the document has a fault; with 1, too, when policy.ts does not fit the
new table.

--name       the folder in api/; by default made from the title of the document
--prefix     the path in front of all paths, instead of that of the document's servers
--make-ids   operations without an operationId get one from their method and path
--into       another folder than api/
--force      replaces a table that no import has written, and that of aeon
`;

async function main({ source, force, folderOf, text, reading, ...options }: ApiCommand): Promise<number> {
  const before = (api: string) => (isHandWritten(folderOf(api)) ? [] : readTable(folderOf(api)));
  const imported = await importDocument(await readText(source), { ...options, before });
  const folder = folderOf(imported.name);
  if (!force && (imported.name === "aeon" || isHandWritten(folder)))
    throw new Error(`api/${imported.name} is no table that an import has written: another --name, or --force.`);
  const difference = await policyDifference(folder, imported.operations);
  const files = writeApi(folder, imported, text);
  process.stdout.write(`${reportOf(imported)}\n${nextSteps(imported.name, files, relative(ROOT, folder), reading)}`);
  const misfit = difference === null ? "" : differenceText(imported.name, difference);
  process.stdout.write(misfit === "" ? "" : `\n${misfit}`);
  return misfit === "" ? 0 : 1;
}

await runApiCommand(USAGE, main);
