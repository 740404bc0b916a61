// Endpoints in D1. Every change is one transaction with its audit event, which names the origin of a URL and no secret.
import { makeChange, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import type { Condition } from "../lib/conditions.ts";
import { listPage } from "../lib/pagination.ts";
import { isWithinQuota } from "../quotas.ts";
import { storeConfigOf } from "../store-config.ts";
import type { EndpointDetails, EndpointQuery, EndpointRepository, NewEndpoint } from "./port.ts";
import { type EndpointRow, endpointOfRow, SELECT_ENDPOINTS, sealSecrets } from "./row.ts";
import { endpointAsJson, endpointEvent, endpointExists, originOf, specOf } from "./statements.ts";

export function createEndpointRepository(db: D1Database): EndpointRepository {
  return {
    create: (endpoint, actor, now) => createEndpoint(db, endpoint, actor, now),
    get: (accountId, id) => getEndpoint(db, accountId, id),
    list: (query) => listEndpoints(db, query),
    update: (endpoint, { enabled, ...spec }, actor, now) => {
      const disabled = enabled ? null : (endpoint.disabled ?? { at: now, reason: "by_request" as const });
      const again = disabled === null && endpoint.disabled !== null ? tryAgain(endpoint.id, now) : [];
      return changeEndpoint(db, { ...endpoint, ...spec, disabled }, specOf(spec, enabled), again, actor, now);
    },
    rotate: (endpoint, overlapMs, actor, now) => {
      const previous = overlapMs === 0 ? null : { secret: endpoint.secret, until: now + overlapMs };
      const after = { ...endpoint, secret: newSecret(), previous };
      return changeEndpoint(db, after, { change: "secret_rotated", overlap_ms: overlapMs }, [], actor, now);
    },
    delete: (endpoint, actor, now) => deleteEndpoint(db, endpoint, actor, now),
  };
}

/** As long as the key of HMAC-SHA-256 can be of use: Standard Webhooks allows 24 to 64 bytes. */
function newSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
}

async function createEndpoint(db: D1Database, endpoint: NewEndpoint, actor: Actor, now: number) {
  const { id, accountId, name, url, format, eventTypes } = endpoint;
  const secrets = { url, secret: newSecret(), previous: null };
  const sealed = await sealSecrets(storeConfigOf(db).ring, id, secrets);
  const failed = await makeChange(db, {
    event: endpointEvent("CREATE", endpoint, `Endpoint ${name} was created`, specOf(endpoint, true)),
    actor,
    now,
    conditions: { quota_exceeded: isWithinQuota(db, "endpoints", accountId, now) },
    statements: [
      statement(
        `INSERT INTO endpoints (id, account_id, name, origin, format, event_types, sealed, created_at, updated_at,
          created_by_id, created_by_name, next_number) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
          (SELECT max(number) FROM audit_events WHERE account_id = ?) WHERE $permitted`,
        ...[id, accountId, name, originOf(url), format, JSON.stringify(eventTypes), sealed, now, now],
        ...[actor.id, actor.name, accountId],
      ),
    ],
  });
  const times = { createdAt: now, updatedAt: now, createdByName: actor.name };
  return failed ?? { ...endpoint, ...secrets, ...times, version: 1, disabled: null };
}

async function getEndpoint(db: D1Database, accountId: string, id: string): Promise<EndpointDetails | null> {
  const row = await db
    .prepare(`${SELECT_ENDPOINTS} WHERE w.id = ? AND w.account_id = ? AND w.deleted_at IS NULL`)
    .bind(id, accountId)
    .first<EndpointRow>();
  return row && endpointOfRow(storeConfigOf(db).ring, row);
}

/** Creation time and id of the last row. */
const SHAPE = ["number", "string"] as const;

function listEndpoints(db: D1Database, query: EndpointQuery) {
  const { ring } = storeConfigOf(db);
  return listPage(db, {
    scope: ["endpoints", query.accountId],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit): Condition => ({
      sql: `${SELECT_ENDPOINTS} WHERE w.account_id = ? AND w.deleted_at IS NULL
        ${cursor === null ? "" : "AND (w.created_at, w.id) > (?, ?)"} ORDER BY w.created_at, w.id LIMIT ?`,
      values: [query.accountId, ...(cursor ?? []), limit],
    }),
    cursorOf: (last: EndpointRow) => [last.created_at, last.id] as const,
    window: null,
    itemsOf: (rows) => Promise.all(rows.map((row) => endpointOfRow(ring, row))),
  });
}

/** Writes an endpoint as it is to be; the actor is authorized on the version that was read. */
async function changeEndpoint(
  db: D1Database,
  after: EndpointDetails,
  detail: Readonly<Record<string, unknown>>,
  more: readonly Statement[],
  actor: Actor,
  now: number,
): Promise<EndpointDetails | "not_found"> {
  const { id, name, url, format, eventTypes, disabled } = after;
  const sealed = await sealSecrets(storeConfigOf(db).ring, id, after);
  const failed = await makeChange(db, {
    event: {
      ...endpointEvent("EDIT", after, `Endpoint ${name} was changed`, detail),
      before: endpointAsJson(id),
    },
    actor,
    now,
    conditions: { not_found: endpointExists(id) },
    statements: [
      statement(
        `UPDATE endpoints SET name = ?, origin = ?, format = ?, event_types = ?, sealed = ?, disabled_at = ?,
          disabled_reason = ?, updated_at = ?, version = version + 1 WHERE id = ? AND $permitted`,
        ...[name, originOf(url), format, JSON.stringify(eventTypes), sealed],
        ...[disabled?.at ?? null, disabled?.reason ?? null, now, id],
      ),
      ...more,
    ],
  });
  return failed ?? { ...after, version: after.version + 1, updatedAt: now };
}

async function deleteEndpoint(db: D1Database, endpoint: EndpointDetails, actor: Actor, now: number) {
  const { id, name } = endpoint;
  const failed = await makeChange(db, {
    event: { ...endpointEvent("DELETE", endpoint, `Endpoint ${name} was deleted`, {}), before: endpointAsJson(id) },
    actor,
    now,
    conditions: { not_found: endpointExists(id) },
    statements: [
      statement(
        `UPDATE endpoints SET deleted_at = ?, updated_at = ?, sealed = '', version = version + 1
          WHERE id = ? AND $permitted`,
        ...[now, now, id],
      ),
    ],
  });
  return failed ?? ("deleted" as const);
}

/** An endpoint that is enabled again is sent at once what it has missed, also what was given up. */
function tryAgain(id: string, now: number): readonly Statement[] {
  return [
    statement("UPDATE endpoints SET hold_until = 0, failing_since = NULL WHERE id = ? AND $permitted", id),
    statement(
      `UPDATE deliveries SET next_at = ?, tries = 0 WHERE endpoint_id = ? AND delivered_at IS NULL AND $permitted`,
      ...[now, id],
    ),
  ];
}
