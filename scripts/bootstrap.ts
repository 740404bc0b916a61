// `npm run bootstrap -- --account NAME`: the first account and Admin key of a deployment. Makes and uploads secrets that are
// missing, and writes the key's hash to the deployed D1. The key is shown once, on this terminal.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { firstKey, newIdentityKeys, newKeyRing } from "./secrets.ts";
import { wranglerShown } from "./wrangler.ts";

const { values } = parseArgs({
  options: {
    account: { type: "string" },
    "account-id": { type: "string" },
    "dry-run": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help || values.account === undefined) {
  process.stdout.write(`npm run bootstrap -- --account NAME [--account-id UUID] [--dry-run]

Makes an account and its first Admin key in the deployment that wrangler.toml names.
KEY_RING and IDENTITY_KEYS are taken from the environment when they are set; otherwise new ones are made and uploaded as
secrets of the Worker. Keep KEY_RING where you keep your secrets: Cloudflare will not show it again, and a rotation needs it.
`);
  process.exit(values.help ? 0 : 2);
}

const accountId = values["account-id"] ?? crypto.randomUUID();
if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(accountId)) {
  process.stderr.write("--account-id must be a UUID in lower case\n");
  process.exit(2);
}
const secrets = {
  ...(process.env.KEY_RING ? {} : { KEY_RING: newKeyRing(new Date()) }),
  ...(process.env.IDENTITY_KEYS ? {} : { IDENTITY_KEYS: await newIdentityKeys() }),
};
const keyRing = process.env.KEY_RING || secrets.KEY_RING || "";
const first = await firstKey(keyRing, values.account, accountId, Date.now()).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
});

if (values["dry-run"]) {
  const made = Object.keys(secrets).join(" and ") || "no secret";
  process.stdout.write(`Would upload ${made}, then run on the deployed D1:\n${first.sql}`);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "gatehouse-"));
const file = join(folder, "first-key.sql");
writeFileSync(file, first.sql, { mode: 0o600 });
const uploaded = Object.keys(secrets).length === 0 ? 0 : wranglerShown(["secret", "bulk"], JSON.stringify(secrets));
const status = uploaded || wranglerShown(["d1", "execute", "DB", "--remote", "--yes", "--file", file]);
rmSync(folder, { recursive: true, force: true });
if (status !== 0) process.exit(status);
if (secrets.KEY_RING !== undefined) process.stdout.write(`\nKEY_RING, to keep: ${secrets.KEY_RING}\n`);
process.stdout.write(`\nAccount ${first.accountId}\nIts Admin key, shown this once:\n${first.token}\n`);
