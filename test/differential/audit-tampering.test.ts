// Random tampering with everything in D1, alone and together: each is found after the Worker has sealed what it was left.
import { expect, it } from "vitest";
import { readDatabase } from "../../scripts/audit/read.ts";
import { keptEnds, verifyDatabase } from "../../scripts/audit/verify-database.ts";
import { readSigned } from "../../src/core/audit/checkpoint.ts";
import { HEAD_PREFIX } from "../../src/store/audit/kept-heads.ts";
import { type History, newHistory } from "../support/audit-history.ts";
import { type Random, rounds, seededRandom } from "../support/random.ts";
import { contents, tamper } from "../support/tamper.ts";

const TAMPERINGS = Number(process.env.TAMPERINGS ?? rounds(10_000));
/** Each with its own history. */
const HISTORIES = 10;
const DAY = 86_400_000;

const remembered = new Map<string, Promise<unknown>>();
const readOnce = ((kind, jws, keys) => {
  const name = `${kind} ${jws} ${keys.map(({ kid, x }) => kid + x)}`;
  const read = remembered.get(name) ?? readSigned(kind, jws, keys);
  remembered.set(name, read);
  return read;
}) as typeof readSigned;

async function findings({ sqlite, values, keys }: History) {
  const inKv = [...values].filter(([name]) => name.startsWith(HEAD_PREFIX)).map(([, text]) => JSON.parse(text).jws);
  const kept = (known: Parameters<typeof keptEnds>[2]) => keptEnds(inKv, [], known);
  const options = { kept, witnesses: [], state: true, readSigned: readOnce };
  return (await verifyDatabase(readDatabase(sqlite), keys, options)).findings;
}

/** Three days of two accounts, with an identity key that was added and one that was replaced. */
async function history(random: Random) {
  const made = await newHistory(random);
  const old: Record<string, string | number | null>[] = [];
  for (let day = 0; day < 3; day++) {
    for (let i = 0; i < 3; i++) {
      await made.operate(6);
      expect(await made.seal()).toEqual([]);
      old.push(...(made.sqlite.prepare("SELECT * FROM audit_account_checkpoints").all() as typeof old));
    }
    if (day === 0) await made.rotateKeys();
    if (day === 1) await made.replaceKeys();
    made.skip(DAY);
  }
  return { made, old };
}

it("finds every tampering with events, checkpoints, keys, roles, lists, operators and signing keys", async () => {
  const random = seededRandom(2026);
  const missed: string[] = [];
  let tampered = 0;
  for (let i = 0; i < HISTORIES; i++) {
    const { made, old } = await history(random);
    expect(await findings(made)).toEqual([]);
    const [before, kv] = [contents(made.sqlite), new Map(made.values)];
    made.sqlite.exec("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
    made.skip(3_600_000);
    for (const end = Math.ceil((TAMPERINGS * (i + 1)) / HISTORIES); tampered < end; ) {
      made.sqlite.exec("SAVEPOINT tampering");
      const done: string[] = [];
      for (let n = 1 + random.below(3); n > 0; n--) done.push(await tamper(made.sqlite, random, old));
      if (contents(made.sqlite) !== before) {
        tampered += 1;
        // The Worker seals what it finds, or says why not.
        await made.seal().catch(() => []);
        if ((await findings(made)).length === 0) missed.push(done.join(", "));
      }
      made.sqlite.exec("ROLLBACK TO tampering; RELEASE tampering");
      made.values.clear();
      for (const [name, text] of kv) made.values.set(name, text);
    }
    expect(await findings(made)).toEqual([]);
    made.sqlite.close();
  }
  expect(missed).toEqual([]);
  expect(tampered).toBe(TAMPERINGS);
}, 900_000);
