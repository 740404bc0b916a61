// A second implementation of the replay: it folds nothing, but asks of every resource which of its events was the last to say
// something. Shares no code with src/core/audit/replay; both sides become the same plain view of who may do what.
import { createHash } from "node:crypto";

type Json = ReturnType<typeof JSON.parse>;

interface Event {
  readonly event_type: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly resource_name: string;
  readonly account_id: string;
  readonly actor_type: string;
  readonly actor_id: string | null;
  readonly actor_name: string;
  readonly created_at: number;
  readonly detail: string;
}

/** By kind and id, everything that decides what somebody may do. */
export type Authority = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const BUILT_IN: Readonly<Record<string, readonly [name: string, manages: number]>> = {
  "36ec6789-6dbf-4d12-91b4-243587d6882b": ["Admin", 1],
  "cb6edae1-f2c7-4540-a870-521754e8a000": ["Developer", 0],
  "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4": ["Viewer", 0],
};

export function authorityInEvents(events: readonly Event[]): Authority {
  const found: Record<string, Record<string, unknown>> = {};
  for (const [id, [name, manages]] of Object.entries(BUILT_IN)) {
    found[`role ${id}`] = { account: null, name, description: "", permissions: null, manages, deleted: null };
  }
  for (const created of events.filter(({ event_type }) => event_type === "CREATE")) {
    const own = events.filter((event) => event.resource_id === created.resource_id);
    const [kind, view] = VIEWS[created.resource_type]?.(created, own, events) ?? ["?", {}];
    found[`${kind} ${created.resource_id}`] = view;
    if (created.resource_type === "API_KEY") {
      const dryRun = dryRunOf(own);
      if (dryRun !== null) found[`dry run ${created.resource_id}`] = dryRun;
    }
  }
  for (const id of new Set(events.map((event) => event.account_id))) {
    const first = events.find((event) => event.account_id === id) as Event;
    found[`account ${id}`] = { name: said(first).account_name, created: first.created_at };
  }
  return found;
}

// As the tables have it: in UTF-8 there are no lone surrogates.
const said = (event: Event | undefined): Json =>
  JSON.parse(event?.detail ?? "{}", (_, value) => (typeof value === "string" ? value.toWellFormed() : value));
const deletedAt = (own: readonly Event[]) => own.find(({ event_type }) => event_type === "DELETE")?.created_at ?? null;
const sorted = (ids: readonly string[]) => [...ids].sort();

/** The expiries of a key, one after the other: its own, those of edits, and those that rotations have given it. */
function endsOf(created: Event, all: readonly Event[]): readonly (number | null)[] {
  const { resource_id: id } = created;
  return all.flatMap((event) => {
    const detail = said(event);
    if (event === created) return [detail.expires_at];
    if (detail.rotated_from?.id === id) return [detail.rotated_from.expires_at];
    return event.resource_id === id && ["edited", "overlap_changed"].includes(detail.change)
      ? [detail.after.expires_at]
      : [];
  });
}

/** The lists of a key: of its last event that says all, with those that were replaced since. */
function listsOfKey(created: Event, all: readonly Event[]): readonly string[] {
  let lists: readonly string[] = [];
  for (const event of all) {
    const { change, after, allow_list_info, replaced_by: by, api_key_ids: keys } = said(event);
    if (event === created) lists = allow_list_info;
    const edits = change === "edited" || change === "trial_promoted";
    if (event.resource_id === created.resource_id && edits) lists = after.allow_list_info ?? lists;
    if (by !== undefined && keys.includes(created.resource_id)) {
      lists = [...new Set([...lists.filter((each) => each !== event.resource_id), by])];
    }
  }
  return lists;
}

/** The predecessor of a key, and the expiry that this had before. */
function rotationOf(created: Event, all: readonly Event[]): readonly unknown[] {
  const from = said(created).rotated_from?.id;
  const predecessor = all.find((event) => event.resource_id === from && event.event_type === "CREATE");
  if (predecessor === undefined) return [null, null];
  return [from, endsOf(predecessor, all.slice(0, all.indexOf(created))).at(-1)];
}

type View = (created: Event, own: readonly Event[], all: readonly Event[]) => [string, Record<string, unknown>];

const VIEWS: Readonly<Record<string, View>> = {
  API_KEY(created, own, all) {
    const detail = said(created);
    // An edit says all terms, a promotion those that it changes.
    const changes = own.map(said).filter(({ change }) => change === "trial_promoted" || change === "edited");
    const edited = changes.findLast(({ change }) => change === "edited")?.after;
    const ends = endsOf(created, all);
    const disabled = own.findLast((event) => ["disabled", "enabled"].includes(said(event).change));
    const changedAt = disabled !== undefined && said(disabled).change === "disabled" ? disabled.created_at : null;
    const disabledAt = detail.canary ? created.created_at : changedAt;
    const revoked = all.find(
      (event) =>
        event.event_type === "REVOKE" && (said(event).api_key_ids ?? [event.resource_id]).includes(created.resource_id),
    );
    const own_lists = listsOfKey(created, all);
    return [
      "key",
      {
        account: created.account_id,
        name: edited?.name ?? created.resource_name,
        description: edited?.description ?? detail.description,
        fingerprint: detail.fingerprint,
        role: changes.findLast(({ after }) => after.role_id !== null)?.after.role_id ?? detail.role_id,
        lists: own_lists.length === 0 ? null : sorted(own_lists),
        disabled: disabledAt,
        canary: detail.canary ? 1 : 0,
        expires: [(edited ?? detail).expire_after_hours, ends.at(-1)],
        signed: ends.every((end) => end === ends[0]) ? null : (ends[0] ?? 0),
        created: [created.created_at, created.actor_id, created.actor_name],
        rotated: rotationOf(created, all),
        revoked: revoked ? [revoked.created_at, revoked.actor_type, revoked.actor_id, revoked.actor_name] : null,
      },
    ];
  },
  ALLOW_LIST(created, own) {
    const { project_id } = said(created);
    const replaced = own.map(said).findLast(({ after }) => after !== undefined)?.after;
    const { name, description, allow_list } = replaced ?? { ...said(created), name: created.resource_name };
    const rest = { name, description, rules: allow_list, created: created.created_at };
    return ["list", { account: created.account_id, project: project_id, ...rest, deleted: deletedAt(own) }];
  },
  ROLE(created, own) {
    const last = own.findLast(({ event_type }) => event_type !== "DELETE") as Event;
    const { description, permissions } = said(last).after ?? said(last);
    const manages = permissions.includes("API_KEY:CREATE") && permissions.includes("API_KEY:REVOKE") ? 1 : 0;
    const rest = { name: last.resource_name, description, permissions, manages, deleted: deletedAt(own) };
    return ["role", { account: created.account_id, ...rest }];
  },
  ENDPOINT(created, own) {
    const states = own.filter((event) => said(event).after !== undefined);
    const { name, origin, format, event_types } = said(states.at(-1)).after;
    const enabled = states.findLastIndex((event) => said(event).after.enabled);
    const made = [created.created_at, created.actor_id, created.actor_name];
    const ends = { disabled: states[enabled + 1]?.created_at ?? null, deleted: deletedAt(own) };
    return ["endpoint", { account: created.account_id, spec: [name, origin, format, event_types], made, ...ends }];
  },
  OPERATOR(created, own) {
    const { email, subject, issuer } = said(created).after;
    const { name, role_id, expire_after_hours, expires_at } = said(
      own.findLast(({ event_type }) => event_type !== "DELETE"),
    ).after;
    const made = [created.created_at, created.actor_id, created.actor_name];
    const access = { name, role: role_id, expires: [expire_after_hours, expires_at] };
    return [
      "operator",
      { account: created.account_id, identity: [email, subject, issuer], ...access, made, deleted: deletedAt(own) },
    ];
  },
};

function dryRunOf(own: readonly Event[]): Record<string, unknown> | null {
  const last = own.findLast((event) => String(said(event).change).startsWith("trial_"));
  const { change, trial_id, trial } = said(last);
  if (last === undefined || change !== "trial_attached") return null;
  const lists = trial.allow_list_info === null ? null : sorted(trial.allow_list_info);
  return { id: trial_id, role: trial.role_id, lists, made: [last.created_at, last.actor_id, last.actor_name] };
}

type Rows = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** The same view of the tables of a database. */
export function authorityInTables(tables: Readonly<Record<string, Rows>>): Authority {
  const found: Record<string, Record<string, unknown>> = {};
  const each = (table: string, kind: string, view: (row: Json) => Record<string, unknown>) => {
    for (const [id, row] of tables[table] ?? []) found[`${kind} ${id}`] = view(row);
  };
  const listsOf = (row: Json) => (row.restricted === 1 ? JSON.parse(row.lists) : null);
  each("accounts", "account", (row) => ({ name: row.name, created: row.created_at }));
  each("api_keys", "key", (row) => ({
    ...{ account: row.account_id, name: row.name, description: row.description, role: row.role_id },
    fingerprint: fingerprint(row.hash),
    lists: listsOf(row),
    expires: [row.expire_after_hours, row.expires_at],
    signed: row.signed_expires_at,
    disabled: row.disabled_at,
    canary: row.canary,
    rotated: [row.rotated_from, row.predecessor_expires_at],
    created: [row.created_at, row.created_by, row.issuer],
    revoked:
      row.revoked_at === null ? null : [row.revoked_at, row.revoked_by_type, row.revoked_by_id, row.revoked_by_name],
  }));
  each("allow_lists", "list", (row) => ({
    ...{ account: row.account_id, project: row.project_id, name: row.name, description: row.description },
    ...{ rules: JSON.parse(row.rules), created: row.created_at, deleted: row.deleted_at },
  }));
  each("roles", "role", (row) => ({
    ...{ account: row.account_id, name: row.display_name, description: row.description },
    ...{ permissions: JSON.parse(row.permissions), manages: row.manages_keys, deleted: row.deleted_at },
  }));
  each("operators", "operator", (row) => ({
    ...{ account: row.account_id, identity: [row.email, row.subject, row.issuer], name: row.name, role: row.role_id },
    expires: [row.expire_after_hours, row.expires_at],
    made: [row.created_at, row.created_by_id, row.created_by_name],
    deleted: row.deleted_at,
  }));
  each("endpoints", "endpoint", (row) => ({
    account: row.account_id,
    spec: [row.name, row.origin, row.format, JSON.parse(row.event_types)],
    made: [row.created_at, row.created_by_id, row.created_by_name],
    ...{ disabled: row.disabled_at, deleted: row.deleted_at },
  }));
  each("api_key_trials", "dry run", (row) => ({
    ...{ id: row.id, role: row.role_id, lists: listsOf(row) },
    made: [row.created_at, row.created_by_id, row.created_by_name],
  }));
  return found;
}

function fingerprint(hash: string): string {
  return createHash("sha256").update(`["gatehouse key fingerprint","${hash}"]`).digest("hex").slice(0, 32);
}
