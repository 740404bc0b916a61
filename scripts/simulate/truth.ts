// What every key and every operator may do, and since when: read from the primary after each transaction, by rules of its own. The
// judge compares decisions with it.
import type { Database } from "./database.ts";
import type { World } from "./world.ts";

/** A read and a change that are forwarded, and a change of keys, roles or lists, which Gatehouse makes itself. */
export type Kind = "read" | "change" | "manage";

/** What is true of a key or an operator at a time. */
export interface Facts {
  readonly version: number;
  readonly roleId: string;
  /** Revoked, disabled, deleted, or not there any more. */
  readonly ended: boolean;
  /** By the role and the allow lists, without the end. */
  readonly permits: Readonly<Record<Kind, boolean>>;
  /** Milliseconds since the epoch; `null`: never. */
  readonly expiresAt: number | null;
}

/** Facts from one commit to another. All times are of the world. */
export interface State extends Facts {
  readonly from: number;
  /** When the next state was committed; Infinity: not yet. */
  until: number;
  /** When the change that made the next state was answered. */
  answeredAt: number;
  /** A restore has ended it: isolates drop what they know of it within ten seconds (docs/operating.md). */
  isUndone?: true;
}

/** A state that has ended, and whose it was. */
export interface Ended {
  readonly id: string;
  readonly state: State;
}

/** The states of a key or an operator, in their order. */
export type History = State[];

export interface Truth {
  /** By id. */
  readonly histories: ReadonlyMap<string, History>;
  /** Reads the primary. @returns the states that have ended, whose `answeredAt` is not known yet */
  observe(): readonly Ended[];
  /** What is true now. */
  of(id: string): State | undefined;
}

/** The keys that were made last, of which the traffic is. */
const RECENT = 500;

const READ_KEYS = `SELECT k.id, k.version, k.role_id AS roleId, r.permissions, k.restricted, k.expires_at AS expiresAt,
    k.revoked_at IS NOT NULL OR k.disabled_at IS NOT NULL AS ended,
    (SELECT group_concat(l.rules) FROM api_key_allow_lists b JOIN allow_lists l ON l.id = b.allow_list_id
      WHERE b.key_id = k.id AND l.deleted_at IS NULL) AS rules
  FROM api_keys k JOIN roles r ON r.id = k.role_id ORDER BY k.rowid DESC LIMIT ${RECENT}`;
const READ_OPERATORS = `SELECT o.id, o.version, o.role_id AS roleId, r.permissions, 0 AS restricted, o.expires_at AS expiresAt,
    o.deleted_at IS NOT NULL AS ended, NULL AS rules FROM operators o JOIN roles r ON r.id = o.role_id`;

const ADMIN_ROLE = "36ec6789-6dbf-4d12-91b4-243587d6882b";
const VIEWER_ROLE = "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4";
/** The network of every client. */
export const NETWORK = "198.51.100.0/24";

export function createTruth(world: World, database: Database): Truth {
  const histories = new Map<string, History>();
  /** Those that the last reading had. */
  let present = new Set<string>();

  function add(id: string, facts: Facts, ended: Ended[]): void {
    const history = histories.get(id) ?? [];
    const last = history.at(-1);
    if (last !== undefined && isSame(last, facts)) return;
    if (last !== undefined) {
      last.until = world.now;
      ended.push({ id, state: last });
    }
    history.push({ ...facts, from: world.now, until: Number.POSITIVE_INFINITY, answeredAt: Number.POSITIVE_INFINITY });
    histories.set(id, history);
  }

  const exists = (id: string) =>
    database.transact([{ sql: "SELECT 1 FROM api_keys WHERE id = ?", values: [id] }])[0]?.results.length === 1;

  const truth: Truth = {
    histories,
    of: (id) => histories.get(id)?.at(-1),
    observe() {
      const read = database.transact([
        { sql: READ_KEYS, values: [] },
        { sql: READ_OPERATORS, values: [] },
      ]);
      const rows = read.flatMap(({ results }) => results) as unknown as Row[];
      const ended: Ended[] = [];
      for (const row of rows) add(row.id, factsOf(row), ended);
      const now = new Set(rows.map(({ id }) => id));
      // A restore has undone that it was made, or it is only too old to be read here.
      for (const id of present) {
        if (!now.has(id) && !exists(id)) add(id, { ...(truth.of(id) as State), ended: true, version: 0 }, ended);
      }
      present = now;
      return ended;
    },
  };
  return truth;
}

interface Row {
  readonly id: string;
  readonly version: number;
  readonly roleId: string;
  readonly permissions: string | null;
  readonly restricted: number;
  readonly rules: string | null;
  readonly expiresAt: number | null;
  readonly ended: number;
}

function factsOf({ version, roleId, permissions, restricted, rules, expiresAt, ended }: Row): Facts {
  const isAdmin = roleId === ADMIN_ROLE;
  const isThere = restricted === 0 || (rules ?? "").includes(`"${NETWORK}"`);
  const read = isAdmin || roleId === VIEWER_ROLE || Boolean(permissions?.includes('"CLUSTER:READ"'));
  const change = isAdmin || Boolean(permissions?.includes('"CLUSTER:CREATE"'));
  const permits = { read: isThere && read, change: isThere && change, manage: isThere && isAdmin };
  return { version, roleId, ended: ended === 1, permits, expiresAt };
}

function isSame(a: Facts, b: Facts): boolean {
  return a.version === b.version && JSON.stringify(factsOnly(a)) === JSON.stringify(factsOnly(b));
}

const factsOnly = ({ version, roleId, ended, permits, expiresAt }: Facts) => [
  ...[version, roleId, ended, permits.read, permits.change, permits.manage, expiresAt],
];
