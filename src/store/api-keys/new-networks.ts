// The first use of a key from a network or a country: an audit event, never a denial. D1 decides what is new, so that isolates at
// the same time write one event. Loaded with the first use of a key.
import { networkCidrOf } from "../../core/ip/cidr.ts";
import { addressText } from "../../core/ip/ip-address.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import { SYSTEM } from "../common.ts";
import { primary } from "../key-cache/d1-records.ts";
import type { CheckPlace, SeenUse } from "./networks.ts";
import { keyEvent } from "./statements.ts";

const DAY_MS = 86_400_000;
/** A network or a country that a key was not used from for so long is new again. */
const RETENTION_DAYS = 90;
/** Networks that are kept of a key: one with so many has events of countries only. */
const MAX_NETWORKS = 256;
/** Events of a key in a day. */
const MAX_EVENTS = 5;
/** The place that says that a key was used; its last day is never past. */
const USED = "";
const NO_DAY = 9_999_999;
/** A check is repeated while another isolate writes what this one has found new. */
const MAX_TRIES = 4;

/** A row for each known place; one without a place where there is none. */
export const READ_PLACES = `SELECT k.account_id AS accountId, k.name, n.place, n.last_day AS lastDay
  FROM api_keys k LEFT JOIN key_networks n ON n.key_id = k.id AND n.place IN ('${USED}', ?2, ?3) WHERE k.id = ?1`;

/** The first places of a key, of which there is no event. */
export const ADD_FIRST = `INSERT INTO key_networks (key_id, place, first_day, last_day)
  SELECT ?1, value, ?2, iif(value = '${USED}', ${NO_DAY}, ?2) FROM json_each(?3)
  WHERE NOT EXISTS (SELECT 1 FROM key_networks WHERE key_id = ?1 AND place = '${USED}')`;

export const SEE_AGAIN = `UPDATE key_networks SET last_day = ?2
  WHERE key_id = ?1 AND place IN (SELECT value FROM json_each(?3)) AND last_day < ?2`;

/** Places without an event of their own: the day has had its events. */
const ADD_UNTOLD = `INSERT OR REPLACE INTO key_networks (key_id, place, first_day, last_day) SELECT ?1, value, ?2, ?2 FROM json_each(?3)`;

export const PRUNE_NETWORKS = "DELETE FROM key_networks WHERE last_day < ?1";

const NETWORKS_OF_KEY = "(SELECT count(*) FROM key_networks WHERE key_id = ? AND place LIKE '%/%')";

interface Place {
  readonly keyId: string;
  readonly network: string;
  readonly country: string | null;
  readonly address: string;
  readonly at: number;
  readonly day: number;
}

interface KnownRow {
  readonly accountId: string;
  readonly name: string;
  readonly place: string | null;
  readonly lastDay: number | null;
}

/** @param onEvent told of the account of each event. Never rejects */
export function createPlaceCheck(db: D1Database, onEvent: (accountId: string) => Promise<unknown>): CheckPlace {
  return async (use) => {
    const place = placeOf(use);
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const done = await checkOnce(db, place);
      if (done === "again") continue;
      if (done !== null) await onEvent(done.accountId);
      return;
    }
    throw new Error("the networks of a key change too often to be compared");
  };
}

function placeOf({ keyId, address, country, at }: SeenUse): Place {
  return {
    keyId,
    network: networkCidrOf(address, 48),
    country,
    address: addressText(address),
    at,
    day: Math.floor(at / DAY_MS),
  };
}

/** @returns the row of a key that has an event now; `null`: there is none; `again`: somebody else has written meanwhile */
async function checkOnce(db: D1Database, place: Place): Promise<KnownRow | "again" | null> {
  const { keyId, network, country, day } = place;
  const { results } = await primary(db).prepare(READ_PLACES).bind(keyId, network, country).all<KnownRow>();
  const [row] = results;
  if (row === undefined) return null;
  const known = new Map(results.map((each) => [each.place, each.lastDay]));
  const places = country === null ? [network] : [network, country];
  const run = (sql: string, ...values: readonly (string | number)[]) =>
    db
      .prepare(sql)
      .bind(...values)
      .run();
  if (!known.has(USED)) {
    const { meta } = await run(ADD_FIRST, keyId, day, JSON.stringify([USED, ...places]));
    return meta.changes === 0 ? "again" : null;
  }
  const isNew = (each: string) => (known.get(each) ?? Number.NEGATIVE_INFINITY) < day - RETENTION_DAYS;
  const news = places.filter(isNew);
  if (places.some((each) => !isNew(each) && (known.get(each) ?? day) < day)) {
    await run(SEE_AGAIN, keyId, day, JSON.stringify(places.filter((each) => !isNew(each))));
  }
  return news.length === 0 ? null : tell(db, place, row, news);
}

async function tell(
  db: D1Database,
  place: Place,
  row: KnownRow,
  news: readonly string[],
): Promise<KnownRow | "again" | null> {
  const { keyId, network, country, address, at, day } = place;
  const [isNewNetwork, isNewCountry] = [news.includes(network), country !== null && news.includes(country)];
  const kinds = [...(isNewNetwork ? ["network"] : []), ...(isNewCountry ? ["country"] : [])];
  const from = `${network}${country === null ? "" : ` (${country})`}`;
  const message = `API key ${row.name} was used from a new ${kinds.join(" and ")}: ${from}`;
  const failed = await makeChange(db, {
    event: keyEvent("NEW_NETWORK", { accountId: row.accountId, keyId, name: row.name }, message, {
      network,
      country,
      new: kinds,
    }),
    actor: { ...SYSTEM, address },
    now: at,
    conditions: {
      again: {
        sql: `NOT EXISTS (SELECT 1 FROM key_networks WHERE key_id = ? AND last_day >= ?
          AND place IN (SELECT value FROM json_each(?)))`,
        values: [keyId, day - RETENTION_DAYS, JSON.stringify(news)],
      },
      full: {
        sql: isNewNetwork ? `${NETWORKS_OF_KEY} < ?` : "? = ?",
        values: isNewNetwork ? [keyId, MAX_NETWORKS] : [keyId, keyId],
      },
      many: {
        sql: "(SELECT count(*) FROM key_networks WHERE key_id = ? AND told = 1 AND first_day = ?) < ?",
        values: [keyId, day, MAX_EVENTS],
      },
    },
    statements: [
      statement(
        // One of the places of an event stands for it.
        `INSERT OR REPLACE INTO key_networks (key_id, place, first_day, last_day, told)
          SELECT ?, value, ?, ?, key = 0 FROM json_each(?) WHERE $permitted`,
        ...[keyId, day, day, JSON.stringify(news)],
      ),
    ],
  });
  if (failed === null) return row;
  if (failed === "again") return "again";
  if (failed === "full") return country !== null && isNewCountry ? tell(db, place, row, [country]) : null;
  await db.prepare(ADD_UNTOLD).bind(keyId, day, JSON.stringify(news)).run();
  return null;
}

/** Deletes what no key was used from for 90 days. @returns how many */
export async function pruneNetworks(db: D1Database, now: number): Promise<number> {
  const { meta } = await db
    .prepare(PRUNE_NETWORKS)
    .bind(Math.floor(now / DAY_MS) - RETENTION_DAYS)
    .run();
  return meta.changes;
}
