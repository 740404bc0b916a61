// Tasks: every change that takes time has one, and clients poll it.
import { Hono } from "hono";
import type { AccountContext } from "./context.ts";
import { readFilter, readPage } from "./requests.ts";
import { errorResponse, many } from "./responses.ts";
import { CHANGE_MS, isOneOf, iso, type PageRow, readRows, type Sql, sql, stateAt } from "./store.ts";

/** The types that clients know. The deletion of a backup is not among them, so it has no task. */
export type TaskType =
  | "CREATE_CLUSTER"
  | "EDIT_CLUSTER"
  | "PAUSE_CLUSTER"
  | "RESUME_CLUSTER"
  | "DELETE_CLUSTER"
  | "EDIT_ALLOW_LIST"
  | "CREATE_BACKUP"
  | "CREATE_VPC"
  | "DELETE_VPC";

export interface NewTask {
  readonly type: TaskType;
  /** `null` for a VPC: clients know no name for its kind. */
  readonly entityType: "CLUSTER" | "BACKUP" | null;
  readonly entityId: string;
}

interface TaskRow extends PageRow {
  readonly project_id: string;
  readonly task_type: TaskType;
  readonly entity_type: "CLUSTER" | "BACKUP" | null;
  readonly entity_id: string;
  readonly state: "IN_PROGRESS" | "SUCCEEDED";
  readonly settles_at: number;
}

/** Inserts a task, if the statement before it in the same batch changed anything. */
export function insertTask(projectId: string, { type, entityType, entityId }: NewTask, now: number): Sql {
  return sql`INSERT INTO tasks
      (id, project_id, task_type, entity_type, entity_id, moving, settled, settles_at, created_at)
    SELECT ${crypto.randomUUID()}, ${projectId}, ${type}, ${entityType}, ${entityId},
      'IN_PROGRESS', 'SUCCEEDED', ${now + CHANGE_MS}, ${now}
    WHERE changes() > 0`;
}

function taskData(row: TaskRow, now: number) {
  const left = Math.max(0, row.settles_at - now) / (row.settles_at - row.created_at || 1);
  const percent_complete = Math.round(100 * (1 - Math.min(1, left)));
  const done = row.state === "SUCCEEDED";
  return {
    spec: {
      task_type: row.task_type,
      // Left out, not null: a client would read null as an unknown kind.
      ...(row.entity_type === null ? {} : { entity_type: row.entity_type }),
      entity_id: row.entity_id,
      project_id: row.project_id,
    },
    info: {
      id: row.id,
      state: row.state,
      task_progress_info: { actions: [{ name: row.task_type, percent_complete }] },
      completed_on: done ? iso(row.settles_at) : null,
      metadata: { created_on: iso(row.created_at), updated_on: iso(done ? row.settles_at : now) },
    },
  };
}

/** The route below an account. Newest first: a client that polls reads the first one only. */
export const tasks = new Hono<{ Bindings: AccountContext }>().get("/tasks", async (c) => {
  const { account, db, now } = c.env;
  const request = c.req.raw;
  const page = readPage(request, "desc");
  if (page instanceof Response) return page;
  const project = readFilter(request, "project_id", "projectId");
  if (project !== null && !project.includes(account.project_id)) return errorResponse(404, "Project not found");
  const query = sql`SELECT *, task_type AS name, ${stateAt(now)} AS state FROM tasks
    WHERE project_id = ${account.project_id}
      AND ${isOneOf(sql`task_type`, readFilter(request, "task_type", "taskType"))}
      AND ${isOneOf(sql`entity_type`, readFilter(request, "entity_type", "entityType"))}
      AND ${isOneOf(sql`entity_id`, readFilter(request, "entity_id", "entityId"))}`;
  const { rows, continuation } = await readRows<TaskRow>(db, query, page);
  return many(
    request,
    rows.map((row) => taskData(row, now)),
    continuation,
  );
});
