// Replays an audit log: the rows that its events explain. Events that Gatehouse did not write explain nothing.
import type { Permission } from "../../access/permissions.ts";
import { BUILT_IN_ROLES, compileGrant, managesKeys } from "../../access/roles.ts";
import type { StoredEvent } from "../hash-chain.ts";
import { listsValue, type Row, TABLES, type TableName, type Tables, type Value } from "./tables.ts";

type State = { readonly [T in TableName]: Map<string, Row> } & { readonly findings: string[] };
type Members = Readonly<Record<string, unknown>>;

export interface Replay {
  /** The next event, in the order of `seq`. */
  add(event: StoredEvent): void;
  readonly tables: Tables;
  /** What no event explains in the events themselves. */
  readonly findings: readonly string[];
}

/** Starts with the rows that every database has: the built-in roles. */
export function createReplay(): Replay {
  const names = Object.keys(TABLES) as TableName[];
  const tables = names.map((name) => [name, new Map()] as const);
  const state = { ...Object.fromEntries(tables), findings: [] } as unknown as State;
  for (const { id, displayName, grant } of BUILT_IN_ROLES) {
    const role = { account_id: null, display_name: displayName, description: "", permissions: null, deleted_at: null };
    state.roles.set(id, { ...role, manages_keys: managesKeys(grant) ? 1 : 0 });
  }
  return {
    tables: state,
    findings: state.findings,
    add(event) {
      // A sealed event says whether Gatehouse wrote it; one that is not sealed yet is judged when it is.
      if (event.authentic === 0) return;
      try {
        const detail = JSON.parse(event.detail) as Members;
        APPLY[event.resource_type]?.(state, event, detail);
        const used = detail.approval as Members | undefined;
        if (used !== undefined) applyUse(state, event, String(used.id));
      } catch {
        // A row that cannot be read stops nothing; it is a finding of the chain when somebody else wrote it.
        state.findings.push(`${event.resource_type} ${event.resource_id}: event ${event.seq} cannot be read`);
      }
    },
  };
}

const APPLY: Readonly<Record<string, (state: State, event: StoredEvent, detail: Members) => void>> = {
  API_KEY: applyToKey,
  ALLOW_LIST: applyToList,
  ROLE: applyToRole,
  OPERATOR: applyToOperator,
  ENDPOINT: applyToEndpoint,
  ACCOUNT: applyToAccount,
  APPROVAL: applyToApproval,
};

function applyToKey(state: State, event: StoredEvent, detail: Members): void {
  const { resource_id: id, created_at: at } = event;
  const actor = { revoked_by_type: event.actor_type, revoked_by_id: event.actor_id, revoked_by_name: event.actor_name };
  if (event.event_type === "CREATE") createKey(state, event, detail);
  if (event.event_type === "REVOKE") {
    const ids = (detail.api_key_ids ?? [id]) as readonly string[];
    for (const each of ids) update(state.api_keys, each, { revoked_at: at, ...actor });
  }
  if (detail.compromised !== undefined) markCompromised(state, event, detail.compromised as Members);
  const rotatedFrom = detail.rotated_from as { readonly id: string; readonly expires_at: Value } | undefined;
  if (rotatedFrom !== undefined) {
    const { id: predecessor, expires_at } = rotatedFrom;
    // The successor keeps the expiry that its predecessor had.
    const link = { rotated_from: predecessor, predecessor_expires_at: state.api_keys.get(predecessor)?.expires_at };
    if (event.event_type === "CREATE") update(state.api_keys, id, link);
    moveExpiry(state, predecessor, expires_at);
  }
  if (event.event_type !== "EDIT") return;
  const change = detail.change ?? earlierChange(detail);
  if (change === "edited") editKey(state, id, detail.after as Members);
  if (change === "overlap_changed") moveExpiry(state, id, (detail.after as Members).expires_at);
  if (change === "disabled" || change === "enabled") {
    update(state.api_keys, id, { disabled_at: change === "disabled" ? at : null });
  }
  if (change === "trial_attached") state.api_key_trials.set(id, dryRunOf(event, detail));
  if (change === "trial_promoted") promote(state, id, detail.after as Members);
  if (change === "trial_promoted" || change === "trial_dropped") state.api_key_trials.delete(id);
}

/** The first report of a leak counts. */
function markCompromised(state: State, { resource_id: id, created_at: at }: StoredEvent, { url }: Members): void {
  if (state.api_keys.get(id)?.compromised_at !== null) return;
  update(state.api_keys, id, { compromised_at: at, compromised_url: url as Value });
}

const KEY_MEMBERS = ["name", "description", "role_id", "expire_after_hours"] as const;

function editKey(state: State, id: string, after: Members): void {
  const lists = after.allow_list_info as readonly string[];
  const restriction = { restricted: lists.length === 0 ? 0 : 1, lists: listsValue(lists) };
  update(state.api_keys, id, { ...pick(after, KEY_MEMBERS), ...restriction });
  moveExpiry(state, id, after.expires_at);
}

/** The first move of an expiry keeps what the key was signed with. */
function moveExpiry(state: State, id: string, expiresAt: unknown): void {
  const before = state.api_keys.get(id);
  if (before === undefined || before.expires_at === expiresAt) return;
  const signed = before.signed_expires_at ?? (before.expires_at === null ? 0 : before.expires_at);
  update(state.api_keys, id, { expires_at: expiresAt as Value, signed_expires_at: signed });
}

/** Events from before migration 0006 do not name the change. */
function earlierChange({ trial, after }: Members): string {
  if (trial !== undefined) return "trial_attached";
  return after === undefined ? "trial_dropped" : "trial_promoted";
}

function promote(state: State, id: string, { role_id: roleId, allow_list_info: lists }: Members): void {
  const dryRun = state.api_key_trials.get(id);
  const listed = Array.isArray(lists) ? listsValue(lists) : null;
  if (dryRun?.role_id !== roleId || (dryRun?.restricted === 1 ? dryRun.lists : null) !== listed) {
    state.findings.push(`api_keys ${id}: other terms were promoted than those that were attached`);
  }
  if (typeof roleId === "string") update(state.api_keys, id, { role_id: roleId });
  if (listed !== null) update(state.api_keys, id, { restricted: 1, lists: listed });
}

function createKey(state: State, event: StoredEvent, detail: Members): void {
  const lists = detail.allow_list_info as readonly string[] | undefined;
  state.api_keys.set(event.resource_id, {
    ...owned(event),
    ...{ name: event.resource_name, issuer: event.actor_name, created_by: event.actor_id },
    ...pick(detail, ["description", "role_id", "expire_after_hours", "expires_at", "signing_key_id"]),
    hash: detail.fingerprint as Value,
    restricted: lists && (lists.length === 0 ? 0 : 1),
    lists: lists && listsValue(lists),
    ...{ revoked_at: null, revoked_by_type: null, revoked_by_id: null, revoked_by_name: null },
    ...{ compromised_at: null, compromised_url: null },
    ...{ signed_expires_at: null, rotated_from: null, predecessor_expires_at: null },
    // A canary key is disabled from its creation on.
    ...(detail.canary === true ? { canary: 1, disabled_at: event.created_at } : { canary: 0, disabled_at: null }),
  });
  // The first key of an account is created with it.
  if (event.actor_type !== "SYSTEM" || state.accounts.has(event.account_id)) return;
  const account = { name: detail.account_name as Value, created_at: event.created_at };
  state.accounts.set(event.account_id, { ...account, policy: "{}" });
}

function dryRunOf(event: StoredEvent, detail: Members): Row {
  const { role_id, allow_list_info: lists } = detail.trial as { role_id: Value; allow_list_info: string[] | null };
  return {
    id: detail.trial_id as Value,
    role_id,
    restricted: lists === null ? 0 : 1,
    lists: listsValue(lists ?? []),
    ...{ created_at: event.created_at, created_by_id: event.actor_id, created_by_name: event.actor_name },
  };
}

function applyToList(state: State, event: StoredEvent, detail: Members): void {
  const { resource_id: id, event_type: type } = event;
  if (type === "DELETE") update(state.allow_lists, id, { deleted_at: event.created_at });
  if (type === "EDIT" && detail.change === "replaced_on_keys") replaceOnKeys(state, id, detail);
  else if (type === "EDIT") {
    const { name, description, allow_list } = detail.after as Members;
    const rules = JSON.stringify(allow_list);
    update(state.allow_lists, id, { name: name as Value, description: description as Value, rules });
  }
  if (type !== "CREATE") return;
  const rules = JSON.stringify(detail.allow_list);
  const row = { ...owned(event), name: event.resource_name, rules, deleted_at: null };
  state.allow_lists.set(id, { ...row, ...pick(detail, ["project_id", "description"]) });
}

function replaceOnKeys(state: State, id: string, { replaced_by: by, api_key_ids: keys }: Members): void {
  for (const key of keys as readonly string[]) {
    const lists = state.api_keys.get(key)?.lists;
    // Unknown for a key from before migration 0006.
    if (typeof lists !== "string") continue;
    const others = (JSON.parse(lists) as readonly string[]).filter((each) => each !== id && each !== by);
    update(state.api_keys, key, { lists: listsValue([...others, by as string]) });
  }
}

function applyToRole(state: State, event: StoredEvent, detail: Members): void {
  const { resource_id: id, resource_name: display_name, event_type: type } = event;
  if (type === "DELETE") update(state.roles, id, { deleted_at: event.created_at });
  if (type === "CREATE") {
    state.roles.set(id, { ...owned(event), display_name, deleted_at: null, ...roleColumns(detail) });
  }
  if (type === "EDIT") update(state.roles, id, { display_name, ...roleColumns(detail.after as Members) });
}

function roleColumns({ description, permissions }: Members): Row {
  const grant = compileGrant(permissions as readonly Permission[]);
  return {
    description: description as Value,
    permissions: JSON.stringify(permissions),
    manages_keys: managesKeys(grant) ? 1 : 0,
  };
}

const OPERATOR_MEMBERS = ["name", "role_id", "expire_after_hours", "expires_at"] as const;

function applyToOperator(state: State, event: StoredEvent, detail: Members): void {
  const { resource_id: id, event_type: type } = event;
  const after = (detail.after ?? {}) as Members;
  if (type === "DELETE") update(state.operators, id, { deleted_at: event.created_at });
  if (type === "EDIT") update(state.operators, id, pick(after, OPERATOR_MEMBERS));
  if (type !== "CREATE") return;
  const creator = { created_by_id: event.actor_id, created_by_name: event.actor_name };
  const members = pick(after, [...OPERATOR_MEMBERS, "email", "subject", "issuer"]);
  state.operators.set(id, { ...owned(event), ...creator, ...members, deleted_at: null });
}

function applyToEndpoint(state: State, event: StoredEvent, detail: Members): void {
  const { resource_id: id, event_type: type, created_at: at } = event;
  if (type === "DELETE") update(state.endpoints, id, { deleted_at: at });
  // The rotation of a secret changes nothing else.
  if (detail.after === undefined) return;
  const { event_types, enabled, ...after } = detail.after as Members;
  const members = { ...pick(after, ["name", "origin", "format"]), event_types: JSON.stringify(event_types) };
  const disabled_at = enabled === true ? null : (state.endpoints.get(id)?.disabled_at ?? at);
  if (type === "EDIT") update(state.endpoints, id, { ...members, disabled_at });
  if (type !== "CREATE") return;
  const creator = { created_by_id: event.actor_id, created_by_name: event.actor_name };
  state.endpoints.set(id, { ...owned(event), ...creator, ...members, disabled_at, deleted_at: null });
}

/** A use; or an end by a restore, which is an event of the approval itself. */
function applyUse({ approvals, findings }: State, { seq, resource_id, created_at }: StoredEvent, id: string): void {
  if (resource_id !== id && approvals.get(id)?.decision !== "approved") {
    findings.push(`approvals ${id}: event ${seq} used what nobody has approved`);
  }
  update(approvals, id, { used_at: created_at });
}

function applyToAccount(state: State, { resource_id: id }: StoredEvent, { after }: Members): void {
  update(state.accounts, id, { policy: JSON.stringify(after) });
}

function applyToApproval(state: State, event: StoredEvent, detail: Members): void {
  const { resource_id: id, event_type: type, created_at: at, actor_type, actor_id, actor_name } = event;
  if (type === "CREATE") {
    const requester = { requested_by_type: actor_type, requested_by_id: actor_id, requested_by_name: actor_name };
    const open = { decision: null, decided_at: null, decided_by_id: null, decided_by_name: null, used_at: null };
    const members = pick(detail, ["operation_id", "fingerprint", "expires_at"]);
    state.approvals.set(id, { ...owned(event), ...requester, ...members, ...open });
    return;
  }
  // An end by a restore names the approval in its detail, as a use does.
  if (type !== "APPROVE" && type !== "REJECT") return;
  const decision = type === "APPROVE" ? "approved" : "rejected";
  const decided = { decision, decided_at: at, decided_by_id: actor_id, decided_by_name: actor_name };
  update(state.approvals, id, decided);
}

function owned({ account_id, created_at }: StoredEvent): Row {
  return { account_id, created_at };
}

function pick(from: Members, names: readonly string[]): Row {
  return Object.fromEntries(names.map((name) => [name, from[name] as Value]));
}

function update(rows: Map<string, Row>, id: string, changes: Row): void {
  const row = rows.get(id);
  if (row !== undefined) rows.set(id, { ...row, ...changes });
}
