// One change with its audit event, in one transaction: nothing changes without its event, and no event is written
// without its change.
import type { Actor } from "../common.ts";
import { and, type Condition, type SqlValue } from "../lib/conditions.ts";

/** The audit event of a change. Its id, its actor and its time come from the change. */
export interface AuditEvent {
  readonly accountId: string;
  readonly eventType: string;
  readonly resourceType: "API_KEY" | "ALLOW_LIST" | "ROLE" | "OPERATOR";
  readonly resourceId: string;
  readonly resourceName: string;
  readonly message: string;
  /** Details for programs; never a secret, never a hash. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** An SQL expression: the state before the change as JSON, read in the transaction. Added to the detail as `before`. */
  readonly before?: Condition;
}

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
  const statements = [
    insertEvent(db, eventId, change),
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

// An API key can be revoked, and an operator deleted, between the authorization of a request and its change.
function isActive({ id }: Actor): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM operators WHERE id = ? AND deleted_at IS NOT NULL)`,
    values: [id, id],
  };
}

const ACTOR_COLUMN = "actor is active";

function selectConditions<C extends string>(
  db: D1Database,
  names: readonly C[],
  { actor, conditions }: AuditedChange<C>,
): D1PreparedStatement {
  const columns: readonly (readonly [string, Condition])[] = [
    [ACTOR_COLUMN, isActive(actor)],
    ...names.map((name) => [name, conditions[name]] as const),
  ];
  return db
    .prepare(`SELECT ${columns.map(([name, { sql }]) => `(${sql}) AS "${name}"`).join(", ")}`)
    .bind(...columns.flatMap(([, { values }]) => values));
}

function insertEvent<C extends string>(
  db: D1Database,
  id: string,
  { event, actor, now, conditions }: AuditedChange<C>,
): D1PreparedStatement {
  const { before } = event;
  const permitted = and(isActive(actor), ...Object.values<Condition>(conditions));
  const detail = before === undefined ? "?" : `json_set(?, '$.before', json((${before.sql})))`;
  return db
    .prepare(`INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name,
      actor_type, actor_id, actor_name, address, request_id, message, detail, created_at)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${detail}, ? WHERE ${permitted.sql} RETURNING id`)
    .bind(
      ...[id, event.accountId, event.eventType, event.resourceType, event.resourceId, event.resourceName],
      ...[actor.type, actor.id, actor.name, actor.address, actor.requestId, event.message],
      ...[JSON.stringify(event.detail), ...(before?.values ?? []), now],
      ...permitted.values,
    );
}
