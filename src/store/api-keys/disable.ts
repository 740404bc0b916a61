// Disables and enables an API key: reversible, and otherwise as a revocation.
import { makeChangeAndRead } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { TRUE } from "../lib/conditions.ts";
import { storeConfigOf } from "../store-config.ts";
import { managerRemainsWithout } from "./last-manager.ts";
import type { ApiKeyDetails, DisableOutcome, Disabling } from "./port.ts";
import { type KeyRow, keyOfRow, selectKey } from "./row.ts";
import { keyEvent, keyIsActive, setKeyDisabled } from "./statements.ts";

export async function setDisabled(
  db: D1Database,
  disabling: Disabling,
  actor: Actor,
  now: number,
): Promise<DisableOutcome> {
  const { keyId, name, disabled, force } = disabling;
  const verb = disabled ? "disabled" : "enabled";
  const config = storeConfigOf(db);
  const change = {
    event: keyEvent("EDIT", disabling, `API key ${name} was ${verb}`, { change: verb, ...(disabled ? { force } : {}) }),
    actor,
    now,
    conditions: {
      unchanged: {
        sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND (disabled_at IS NULL) = ?)",
        values: [keyId, disabled ? 1 : 0],
      },
      key_canary: { sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND canary = 0)", values: [keyId] },
      key_inactive: keyIsActive(disabling, now),
      last_manager: force || !disabled ? TRUE : managerRemainsWithout(config, disabling, now),
    },
    statements: setKeyDisabled(keyId, disabled ? now : null, now),
    // A key may disable itself, and twice at the same time.
    reportFirst: "unchanged",
  } as const;
  const read = { query: selectKey(disabling), itemOf: (row: KeyRow) => keyOfRow(row, config) };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  return failed === null || failed === "unchanged" ? (items[0] as ApiKeyDetails) : failed;
}
