// `npm run deploy`: brings the database of the deployment up to date, then deploys. `-- --dry-run` needs no account: it
// builds what would be deployed, checks the configuration that can be checked from here, and changes nothing. `-- --api NAME` deploys
// the gateway of another API than that of api/index.ts.
import { existsSync, writeFileSync } from "node:fs";
import { apiArguments, chosenApi, loadApi } from "./api/chosen-api.ts";
import { buildConsole } from "./build-console.ts";
import { newSecretVars } from "./secrets.ts";
import { ROOT, wranglerShown } from "./wrangler.ts";

const built = apiArguments(chosenApi());
await loadApi(chosenApi());
// What is left is for wrangler.
const args = process.argv.slice(2).filter((arg, i, all) => !/^--api(?:=|$)/.test(arg) && all[i - 1] !== "--api");
const dryRun = args.includes("--dry-run");

function orExit(status: number): void {
  if (status !== 0) process.exit(status);
}

await buildConsole();

if (dryRun) {
  // wrangler warns about missing secrets, also where none is needed: these are for no deployment.
  if (!existsSync(`${ROOT}.dev.vars`)) writeFileSync(`${ROOT}.dev.vars`, await newSecretVars(), { mode: 0o600 });
  const others = args.filter((arg) => arg !== "--dry-run");
  orExit(wranglerShown(["deploy", "--dry-run", "--outdir", "dist/worker", ...built, ...others]));
} else {
  orExit(wranglerShown(["d1", "migrations", "apply", "DB", "--remote"]));
  orExit(wranglerShown(["deploy", ...built, ...args]));
}
