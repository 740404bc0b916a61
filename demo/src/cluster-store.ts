// Clusters as rows. A change starts only from its required state, in one statement, so that two at once cannot both succeed.

import type { ClusterSpec } from "./cluster-shape.ts";
import type { AccountContext } from "./context.ts";
import { CHANGE_MS, isOneOf, prepare, type Sql, sql, stateAt } from "./store.ts";
import { insertTask, type TaskType } from "./tasks.ts";

export interface ClusterRow {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly spec: string;
  readonly version: number;
  readonly allow_list_ids: string;
  readonly state: "CREATING" | "ACTIVE" | "PAUSING" | "PAUSED" | "RESUMING" | "DELETING";
  readonly created_at: number;
  readonly updated_at: number;
}

export interface NewCluster {
  readonly id: string;
  readonly spec: ClusterSpec;
  readonly allowListIds: readonly string[];
  readonly createdAt: number;
}

/** Inserts a cluster, unless its id or name is taken: then it changes nothing. */
export function insertCluster(
  projectId: string,
  { id, spec, allowListIds, createdAt }: NewCluster,
  [moving, settled]: readonly ["CREATING" | "PAUSING", "ACTIVE" | "PAUSED"] = ["CREATING", "ACTIVE"],
): Sql {
  return sql`INSERT INTO clusters
      (id, project_id, name, spec, allow_list_ids, moving, settled, settles_at, created_at, updated_at)
    VALUES (${id}, ${projectId}, ${spec.name}, ${JSON.stringify(spec)}, ${JSON.stringify(allowListIds)},
      ${moving}, ${settled}, ${createdAt + CHANGE_MS}, ${createdAt}, ${createdAt})
    ON CONFLICT DO NOTHING`;
}

export interface ClusterFilters {
  readonly name: string | null;
  readonly cloud: string[] | null;
  readonly region: string[] | null;
  readonly state: string[] | null;
  readonly tier: string[] | null;
  readonly vpcId: string[] | null;
}

/** Every cluster of the project that passes the filters, with its state at this time. */
export function clusterRows({ account, now }: AccountContext, filters: ClusterFilters): Sql {
  const placed = (column: Sql, values: string[] | null) =>
    values === null
      ? sql`TRUE`
      : sql`EXISTS (SELECT 1 FROM json_each(spec, '$.cluster_region_info') WHERE ${isOneOf(column, values)})`;
  return sql`SELECT *, ${stateAt(now)} AS state FROM clusters WHERE project_id = ${account.project_id}
    AND ${isOneOf(sql`name`, filters.name === null ? null : [filters.name])}
    AND ${isOneOf(sql`json_extract(spec, '$.cluster_info.cluster_tier')`, filters.tier)}
    AND ${placed(sql`value ->> '$.placement_info.cloud_info.code'`, filters.cloud)}
    AND ${placed(sql`value ->> '$.placement_info.cloud_info.region'`, filters.region)}
    AND ${placed(sql`value ->> '$.placement_info.vpc_id'`, filters.vpcId)}
    AND state <> 'GONE' AND ${isOneOf(sql`state`, filters.state)}`;
}

export function findCluster(context: AccountContext, id: string): Promise<ClusterRow | null> {
  return prepare(
    context.db,
    sql`SELECT *, ${stateAt(context.now)} AS state FROM clusters
      WHERE id = ${id} AND project_id = ${context.account.project_id} AND state <> 'GONE'`,
  ).first<ClusterRow>();
}

/** Deletes the clusters whose deletion has finished, which frees their names. */
function sweep({ db, account, now }: AccountContext): D1PreparedStatement {
  const { project_id } = account;
  return prepare(
    db,
    sql`DELETE FROM clusters WHERE project_id = ${project_id} AND settled = 'GONE' AND settles_at <= ${now}`,
  );
}

/** Whether the cluster was created; if not, its name is taken. */
export async function createCluster(context: AccountContext, cluster: NewCluster): Promise<boolean> {
  const { db, account, now } = context;
  const task = { type: "CREATE_CLUSTER", entityType: "CLUSTER", entityId: cluster.id } as const;
  const [, inserted] = await db.batch([
    sweep(context),
    prepare(db, insertCluster(account.project_id, cluster)),
    prepare(db, insertTask(account.project_id, task, now)),
  ]);
  return inserted?.meta.changes === 1;
}

export interface Change {
  readonly taskType: TaskType;
  /** The state during the change, and the state after it. */
  readonly states: readonly [moving: string, settled: string];
  /** The condition: on the row, and on its `state`. */
  readonly when: Sql;
  /** The other columns that it sets. */
  readonly set?: Sql;
}

const ACTIVE = sql`state = 'ACTIVE'`;
const PAUSED = sql`state = 'PAUSED'`;
const STAYING = sql`state <> 'DELETING'`;

export const PAUSE: Change = { taskType: "PAUSE_CLUSTER", states: ["PAUSING", "PAUSED"], when: ACTIVE };
export const RESUME: Change = { taskType: "RESUME_CLUSTER", states: ["RESUMING", "ACTIVE"], when: PAUSED };
export const DELETE: Change = { taskType: "DELETE_CLUSTER", states: ["DELETING", "GONE"], when: STAYING };

/** Replaces the specification. The name stays unique in the project. */
export function edit({ account }: AccountContext, id: string, spec: ClusterSpec): Change {
  const namesake = sql`SELECT 1 FROM clusters AS other
    WHERE other.project_id = ${account.project_id} AND other.name = ${spec.name} AND other.id <> ${id}`;
  return {
    taskType: "EDIT_CLUSTER",
    states: ["ACTIVE", "ACTIVE"],
    when: sql`${ACTIVE} AND NOT EXISTS (${namesake})`,
    set: sql`name = ${spec.name}, spec = ${JSON.stringify(spec)}`,
  };
}

/** Replaces the allow lists. */
export function editAllowLists(ids: readonly string[]): Change {
  const set = sql`allow_list_ids = ${JSON.stringify([...new Set(ids)])}`;
  return { taskType: "EDIT_ALLOW_LIST", states: ["ACTIVE", "ACTIVE"], when: ACTIVE, set };
}

/** Makes a change and its task: both or neither. @returns whether they were made */
export async function changeCluster(
  context: AccountContext,
  id: string,
  { taskType, states, when, set }: Change,
): Promise<boolean> {
  const { db, account, now } = context;
  const allowed = sql`SELECT id FROM (SELECT *, ${stateAt(now)} AS state FROM clusters WHERE id = ${id}
    AND project_id = ${account.project_id}) WHERE state <> 'GONE' AND ${when}`;
  const [, updated] = await db.batch([
    sweep(context),
    prepare(
      db,
      sql`UPDATE clusters SET ${set === undefined ? sql`` : sql`${set},`} moving = ${states[0]}, settled = ${states[1]},
          settles_at = ${now + CHANGE_MS}, updated_at = ${now}, version = version + 1
        WHERE id IN (${allowed})`,
    ),
    prepare(db, insertTask(account.project_id, { type: taskType, entityType: "CLUSTER", entityId: id }, now)),
  ]);
  return updated?.meta.changes === 1;
}
