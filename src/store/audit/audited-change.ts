// One change with its audit event, in one transaction: nothing changes without its event, and no event is written
// without its change.
import type { Actor } from "../common.ts";
import { and, type Condition, type SqlValue } from "../lib/conditions.ts";
import { storeConfigOf } from "../store-config.ts";
import { type AuditEvent, actorIsCurrent, approvalIsOpen, basisIsCurrent, insertEvent } from "./audit-event.ts";
import { AuthorizationSuperseded } from "./port.ts";

/** A statement of a change; made by `statement`. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export interface AuditedChange<C extends string> {
  readonly event: AuditEvent;
  readonly actor: Actor;
  /** When the change is made, in milliseconds since the epoch. */
  readonly now: number;
  /** What must be true for the change, by the name that is returned when it is not; the first to report comes first. */
  readonly conditions: Readonly<Record<C, Condition>>;
  readonly statements: readonly Statement[];
  /**
   * The condition that fails when the change was made already, perhaps by this actor against itself: reported even when
   * the actor has ended meanwhile.
   */
  readonly reportFirst?: C;
}

const PERMIT = "$permitted";
const EVENT_EXISTS = "EXISTS (SELECT 1 FROM audit_events WHERE id = ?)";
const FIND_EVENT = "SELECT 1 FROM audit_events WHERE id = ?";

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
 * One D1 batch, which is one transaction: first the event, inserted only when every condition holds and all that the actor
 * was authorized on is still as it was; then the statements, each of which requires the event; last a SELECT of the conditions. That SELECT sees
 * what the statements have done, so it is read only when the event was not written and they have done nothing. When D1's response
 * is lost, the event says whether the change was made.
 *
 * @returns `null` when the change was made, or the name of the first condition that did not hold
 * @throws AuthorizationSuperseded when the actor has ended or changed since the request was authorized, or a row that the
 *   change was authorized on has
 */
export async function makeChange<C extends string>(db: D1Database, change: AuditedChange<C>): Promise<C | null> {
  const batch = batchOf(db, change);
  const results = await commit(db, batch);
  return results === null ? null : failureOf(batch, results);
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
  const results = await commit(db, batch, select);
  const failed = results === null ? null : failureOf(batch, results);
  const rows = results === null ? await select.all() : results.at(-1);
  return { failed, items: ((rows?.results ?? []) as Row[]).map(itemOf) };
}

/**
 * Runs the transaction.
 *
 * @returns its results; `null`: its response was lost, and it was committed
 * @throws Error of D1 when it was not committed, or when that cannot be read
 */
async function commit(
  db: D1Database,
  { eventId, statements }: Batch<string>,
  ...more: readonly D1PreparedStatement[]
): Promise<D1Result<unknown>[] | null> {
  try {
    return await db.batch<unknown>([...statements, ...more]);
  } catch (error) {
    const event = db.withSession("first-primary").prepare(FIND_EVENT).bind(eventId);
    const isCommitted = await event.first().then(
      (row) => row !== null,
      () => false,
    );
    if (isCommitted) return null;
    throw error;
  }
}

interface Batch<C extends string> {
  readonly eventId: string;
  /** The event, the statements of the change, and the SELECT of its conditions. */
  readonly statements: readonly D1PreparedStatement[];
  readonly names: readonly C[];
  readonly reportFirst: C | undefined;
}

function batchOf<C extends string>(db: D1Database, change: AuditedChange<C>): Batch<C> {
  const eventId = crypto.randomUUID();
  const names = Object.keys(change.conditions) as C[];
  const permitted = and(
    ...currency(change).map(([, condition]) => condition),
    ...names.map((name) => change.conditions[name]),
  );
  const event = insertEvent(storeConfigOf(db).ring, eventId, withApproval(change), permitted);
  const statements = [
    db.prepare(event.sql).bind(...event.values),
    ...[...change.statements, ...usedApproval(change)].map(({ sql, values }) =>
      db.prepare(sql).bind(...values, eventId),
    ),
    selectConditions(db, names, change),
  ];
  return { eventId, statements, names, reportFirst: change.reportFirst };
}

/** The event of a change that a second person has approved says who. */
function withApproval<C extends string>(change: AuditedChange<C>): AuditedChange<C> {
  const { approval } = change.actor;
  if (approval === undefined) return change;
  const approved = {
    id: approval.id,
    approved_by_id: approval.approvedById,
    approved_by_name: approval.approvedByName,
  };
  return { ...change, event: { ...change.event, detail: { ...change.event.detail, approval: approved } } };
}

/** An approval is good for one change. */
function usedApproval({ actor, now }: Pick<AuditedChange<never>, "actor" | "now">): readonly Statement[] {
  if (actor.approval === undefined) return [];
  return [statement("UPDATE approvals SET used_at = ? WHERE id = ? AND $permitted", now, actor.approval.id)];
}

function failureOf<C extends string>(
  { statements, names, reportFirst }: Batch<C>,
  results: readonly D1Result[],
): C | null {
  if (results[0]?.results.length === 1) return null;
  const held = results[statements.length - 1]?.results[0] as Readonly<Record<string, number>>;
  if (reportFirst !== undefined && held[reportFirst] === 0) return reportFirst;
  if (held[ACTOR_COLUMN] !== 1) throw new AuthorizationSuperseded();
  const failed = names.find((name) => held[name] === 0);
  if (failed !== undefined) return failed;
  if (held[BASIS_COLUMN] !== 1) throw new AuthorizationSuperseded();
  throw new Error("a change was not made though its conditions hold");
}

const ACTOR_COLUMN = "actor is current";
const BASIS_COLUMN = "basis is current";

/** What must still be so of all that the request was authorized on. */
function currency({
  actor,
  now,
}: Pick<AuditedChange<never>, "actor" | "now">): readonly (readonly [string, Condition])[] {
  return [
    [ACTOR_COLUMN, actorIsCurrent(actor, now)],
    [BASIS_COLUMN, and(basisIsCurrent(actor), approvalIsOpen(actor, now))],
  ];
}

function selectConditions<C extends string>(
  db: D1Database,
  names: readonly C[],
  change: AuditedChange<C>,
): D1PreparedStatement {
  const columns = [...currency(change), ...names.map((name) => [name, change.conditions[name]] as const)];
  return db
    .prepare(`SELECT ${columns.map(([name, { sql }]) => `(${sql}) AS "${name}"`).join(", ")}`)
    .bind(...columns.flatMap(([, { values }]) => values));
}
