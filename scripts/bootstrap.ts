// `npm run bootstrap -- --account NAME`: the secrets, the first account and its Admin key of a deployment. It never replaces
// what is there, and what it makes is kept in a file before it is set; so it can be run again after a failure.
import { addAccount, readAccounts } from "./account.ts";
import { type Command, runCommand, say, UsageError } from "./command.ts";
import { newIdentityKeys, newKeyRing, parseKeyRing } from "./secrets.ts";

const USAGE = `npm run bootstrap -- --account NAME [--key-file FILE]

Makes KEY_RING and IDENTITY_KEYS where the deployment has none, keeps them in .deployment.vars (mode 0600) and sets them; then
makes the first account and its Admin key. Store that file where you store your secrets: Cloudflare does not show them again.
npm run account adds further accounts, npm run admin-key further Admin keys, and npm run secrets rotates the secrets.
`;

async function run(command: Command): Promise<void> {
  const { target, values, dryRun } = command;
  if (typeof values.account !== "string") throw new UsageError("--account NAME is required");
  const [first] = await readAccounts(target);
  if (first !== undefined) {
    throw new Error(
      `There is an account already: ${first.name}. npm run account -- add NAME adds another. Nothing was done.`,
    );
  }
  const known = target.secrets();
  const set = await target.secretNames();
  const lost = ["KEY_RING", "IDENTITY_KEYS"].filter((name) => set.includes(name) && known[name] === undefined);
  if (lost.length > 0) {
    throw new Error(
      `The deployment has ${lost.join(" and ")} already: put the value into ${target.secretsFile}. Nothing was done.`,
    );
  }
  if (known.KEY_RING !== undefined) parseKeyRing(known.KEY_RING);
  const secrets = {
    KEY_RING: known.KEY_RING ?? newKeyRing(new Date()),
    IDENTITY_KEYS: known.IDENTITY_KEYS ?? (await newIdentityKeys()),
  };
  const missing = Object.entries(secrets).filter(([name]) => !set.includes(name));
  const names = missing.map(([name]) => name).join(" and ");
  if (dryRun) {
    const made = names === "" ? "no secret" : `${names}, kept in ${target.secretsFile} first`;
    return say(`Would set ${made}; then add account ${values.account} with an Admin key. Nothing was done.`);
  }
  if (missing.length > 0) {
    await target.putSecrets(Object.fromEntries(missing));
    say(`Set ${names}. The values are in ${target.secretsFile}: store that file where you store your secrets.`);
  }
  await addAccount(command, values.account);
}

await runCommand({ usage: USAGE, options: ["account", "key-file"], remoteByDefault: true, run });
