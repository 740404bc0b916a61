// Backups: created from an active cluster, finished after a while, deleted at once.
import { Hono } from "hono";
import * as z from "zod";
import { findCluster } from "./cluster-store.ts";
import type { AccountContext } from "./context.ts";
import { readBody, readFilter, readPage } from "./requests.ts";
import { errorResponse, gone, many, one } from "./responses.ts";
import { CHANGE_MS, isOneOf, iso, type PageRow, prepare, readRows, type Sql, sql, stateAt } from "./store.ts";
import { insertTask } from "./tasks.ts";

const DAY_MS = 86_400_000;
const SIZE_BYTES = 1_048_576;

const BackupSpec = z.object({
  cluster_id: z.uuid(),
  retention_period_in_days: z.int().min(1).max(365).default(1),
  backup_type: z.enum(["FULL", "INCREMENTAL"]).default("FULL"),
  description: z.string().max(500).nullable().default(null),
  use_roles: z
    .boolean()
    .nullish()
    .transform((given) => given ?? false),
});

interface BackupRow extends PageRow {
  readonly cluster_name: string;
  readonly spec: string;
  readonly state: "IN_PROGRESS" | "SUCCEEDED";
  readonly settles_at: number;
}

function backupData(row: BackupRow) {
  const spec: z.infer<typeof BackupSpec> = JSON.parse(row.spec);
  const done = row.state === "SUCCEEDED";
  const completed = done ? iso(row.settles_at) : null;
  const size = done ? SIZE_BYTES : 0;
  return {
    spec,
    info: {
      id: row.id,
      cluster_name: row.cluster_name,
      state: row.state,
      action_type: "MANUAL",
      keyspace_info: [{ table_type: "YSQL", keyspaces: ["yugabyte"] }],
      size_in_bytes: size,
      backup_chain_size_in_bytes: size,
      backup_current_chain_size_in_bytes: size,
      completed_on: completed,
      // Retention runs from the creation.
      deleted_on: iso(row.created_at + spec.retention_period_in_days * DAY_MS),
      last_full_backup_completed_on: completed,
      last_incremental_backup_completed_on: null,
      num_incremental_backups: 0,
      base_backup_id: null,
      tablespaces: [],
      metadata: { created_on: iso(row.created_at), updated_on: completed ?? iso(row.created_at) },
    },
  };
}

function backupRows({ account, now }: AccountContext): Sql {
  return sql`SELECT *, cluster_name AS name, ${stateAt(now)} AS state FROM backups
    WHERE project_id = ${account.project_id}`;
}

async function backupResponse(context: AccountContext, id: string): Promise<Response> {
  const row = await prepare(context.db, sql`${backupRows(context)} AND id = ${id}`).first<BackupRow>();
  return row === null ? errorResponse(404, "Backup not found") : one(backupData(row));
}

async function createBackup(context: AccountContext, request: Request): Promise<Response> {
  const spec = await readBody(request, BackupSpec);
  if (spec instanceof Response) return spec;
  const cluster = await findCluster(context, spec.cluster_id);
  if (cluster === null) return errorResponse(404, "Cluster not found");
  if (cluster.state !== "ACTIVE") return errorResponse(409, "Cluster is not in an active state");
  const { db, now, account } = context;
  const id = crypto.randomUUID();
  await db.batch([
    prepare(
      db,
      sql`INSERT INTO backups
          (id, project_id, cluster_id, cluster_name, spec, moving, settled, settles_at, created_at)
        VALUES (${id}, ${account.project_id}, ${cluster.id}, ${cluster.name}, ${JSON.stringify(spec)},
          'IN_PROGRESS', 'SUCCEEDED', ${now + CHANGE_MS}, ${now})`,
    ),
    prepare(db, insertTask(account.project_id, { type: "CREATE_BACKUP", entityType: "BACKUP", entityId: id }, now)),
  ]);
  return backupResponse(context, id);
}

/** Routes below `…/projects/{project}/backups`. */
export const backups = new Hono<{ Bindings: AccountContext }>()
  .get("/", async (c) => {
    const page = readPage(c.req.raw, "desc");
    if (page instanceof Response) return page;
    const query = sql`${backupRows(c.env)}
      AND ${isOneOf(sql`cluster_id`, readFilter(c.req.raw, "cluster_id"))}
      AND ${isOneOf(sql`state`, readFilter(c.req.raw, "state"))}`;
    const { rows, continuation } = await readRows<BackupRow>(c.env.db, query, page);
    return many(c.req.raw, rows.map(backupData), continuation);
  })
  .post("/", (c) => createBackup(c.env, c.req.raw))
  .get("/:backup", (c) => backupResponse(c.env, c.req.param("backup")))
  .delete("/:backup", async (c) => {
    const { db, account } = c.env;
    const removal = sql`DELETE FROM backups WHERE id = ${c.req.param("backup")} AND project_id = ${account.project_id}`;
    const { meta } = await prepare(db, removal).run();
    return meta.changes === 0 ? errorResponse(404, "Backup not found") : gone();
  });
