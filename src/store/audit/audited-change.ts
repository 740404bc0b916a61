// One change with its audit event, in one transaction: nothing changes without its event, and no event is written
// without its change.
import type { Actor } from "../common.ts";
import { and, type Condition, type SqlValue } from "../lib/conditions.ts";
import { type AuditEvent, actorIsActive, insertEvent } from "./audit-event.ts";

/** A statement of a change; made by `statement`. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export interface AuditedChange<C extends string> {
  readonly event: AuditEvent;
  readonly actor: Actor;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What must be true for the change, by the name that is returned when it is not; the first to report comes first. */
  readonly conditions: Readonly<Record<C, Condition>>;
  readonly statements: readonly Statement[];
  /**
   * The condition that fails when the change was made already, perhaps by this actor against itself: reported even when
   * the actor has been revoked meanwhile.
   */
  readonly reportFirst?: C;
}

const PERMIT = "$permitted";
const EVENT_EXISTS = "EXISTS (SELECT 1 FROM audit_events WHERE id = ?)";

/**
 * A statement of an audited change, which runs only when the event of the change was written.
 *
 * @param sql ends with `$permitted`, where the condition on the event is put
 * @param values of the placeholders, in their order
 * @throws Error when the permit is missing: the statement would run without an event
 */
export function statement(sql: string, ...values: readonly SqlValue[]): Statement {
  // At the end, since the event's id is bound last.
  if (!sql.endsWith(` ${PERMIT}`)) throw new Error(`a statement of an audited change must end with ${PERMIT}`);
  return { sql: `${sql.slice(0, -PERMIT.length)}${EVENT_EXISTS}`, values };
}

/**
 * Makes a change.
 *
 * One D1 batch, which is one transaction: first the event, inserted only when every condition holds and the actor is
 * still active; then the statements, each of which requires the event; last a SELECT of the conditions. That SELECT sees
 * what the statements have done, so it is read only when the event was not written and they have done nothing.
 *
 * @returns `null` when the change was made, or the name of the first condition that did not hold
 * @throws Error when the actor was revoked or deleted after the request was authorized
 */
export async function makeChange<C extends string>(db: D1Database, change: AuditedChange<C>): Promise<C | null> {
  const batch = batchOf(db, change);
  return failureOf(batch, await db.batch<unknown>([...batch.statements]));
}

/** A SELECT, and what each of its rows is. */
export interface Read<Row, Item> {
  readonly query: Condition;
  readonly itemOf: (row: Row) => Item;
}

/** Makes a change as `makeChange` does, and reads rows after it in the same transaction, whether it was made or not. */
export async function makeChangeAndRead<C extends string, Row, Item>(
  db: D1Database,
  change: AuditedChange<C>,
  { query, itemOf }: Read<Row, Item>,
): Promise<{ readonly failed: C | null; readonly items: readonly Item[] }> {
  const batch = batchOf(db, change);
  const select = db.prepare(query.sql).bind(...query.values);
  const results = await db.batch<unknown>([...batch.statements, select]);
  const failed = failureOf(batch, results);
  return { failed, items: ((results.at(-1)?.results ?? []) as Row[]).map(itemOf) };
}

interface Batch<C extends string> {
  /** The event, the statements of the change, and the SELECT of its conditions. */
  readonly statements: readonly D1PreparedStatement[];
  readonly names: readonly C[];
  readonly reportFirst: C | undefined;
}

function batchOf<C extends string>(db: D1Database, change: AuditedChange<C>): Batch<C> {
  const eventId = crypto.randomUUID();
  const names = Object.keys(change.conditions) as C[];
  const permitted = and(actorIsActive(change.actor), ...names.map((name) => change.conditions[name]));
  const statements = [
    insertEvent(db, eventId, change, permitted),
    ...change.statements.map(({ sql, values }) => db.prepare(sql).bind(...values, eventId)),
    selectConditions(db, names, change),
  ];
  return { statements, names, reportFirst: change.reportFirst };
}

function failureOf<C extends string>(
  { statements, names, reportFirst }: Batch<C>,
  results: readonly D1Result[],
): C | null {
  if (results[0]?.results.length === 1) return null;
  const held = results[statements.length - 1]?.results[0] as Readonly<Record<string, number>>;
  if (reportFirst !== undefined && held[reportFirst] === 0) return reportFirst;
  if (held[ACTOR_COLUMN] !== 1) throw new Error("the actor of a change was revoked meanwhile");
  const failed = names.find((name) => held[name] === 0);
  if (failed === undefined) throw new Error("a change was not made though its conditions hold");
  return failed;
}

const ACTOR_COLUMN = "actor is active";

function selectConditions<C extends string>(
  db: D1Database,
  names: readonly C[],
  { actor, conditions }: AuditedChange<C>,
): D1PreparedStatement {
  const columns: readonly (readonly [string, Condition])[] = [
    [ACTOR_COLUMN, actorIsActive(actor)],
    ...names.map((name) => [name, conditions[name]] as const),
  ];
  return db
    .prepare(`SELECT ${columns.map(([name, { sql }]) => `(${sql}) AS "${name}"`).join(", ")}`)
    .bind(...columns.flatMap(([, { values }]) => values));
}
