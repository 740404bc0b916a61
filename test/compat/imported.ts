// The gateway in front of a server with the table of the server's OpenAPI document, imported as its owner would do it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiArguments } from "../../scripts/api/chosen-api.ts";
import { ROOT } from "../../scripts/wrangler.ts";
import type { Api } from "../../src/core/routing/api-description.ts";
import { bundleWorker } from "../support/build-worker.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";
import { run, SCRATCH } from "./scratch.ts";

/** What people would edit in policy.ts: a line as it was written, and what they make of it. */
export type Edit = readonly [written: string, edited: string];

/** The document of a server, and what its owner says beyond it. */
export interface ServerDocument {
  /** The file, from the root of the project. */
  readonly file: string;
  readonly edits?: readonly Edit[];
}

export interface ImportedGateway extends WorkerdGateway {
  readonly api: Api;
}

/**
 * Imports a document into a folder of its own, edits its policy, checks both, builds the Worker for them, and starts it.
 *
 * @param vars of the Worker, with `UPSTREAM_URL`
 * @throws Error when the import, the check or the build fails, or the policy has no such line
 */
export async function startImported(
  { file, edits = [] }: ServerDocument,
  vars: Readonly<Record<string, string>>,
): Promise<ImportedGateway> {
  mkdirSync(SCRATCH, { recursive: true });
  const folder = mkdtempSync(join(SCRATCH, "api-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const command = (name: string) =>
      run(ROOT, [process.execPath, `scripts/api-${name}.ts`, file, "--name=imported", `--into=${folder}`]);
    command("import");
    edit(join(folder, "imported/policy.ts"), edits);
    command("check");
    const bundle = join(folder, "worker");
    bundleWorker(bundle, apiArguments("imported", folder));
    const { api } = (await import(join(folder, "imported/api.ts"))) as { readonly api: Api };
    const gateway = await startWorkerdGateway({ bundle, vars });
    return { ...gateway, api, close: () => gateway.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

function edit(file: string, edits: readonly Edit[]): void {
  const text = edits.reduce(
    (before, [written, edited]) => {
      if (!before.includes(written)) throw new Error(`policy.ts has no ${written}`);
      return before.replace(written, edited);
    },
    readFileSync(file, "utf8"),
  );
  writeFileSync(file, text);
}
