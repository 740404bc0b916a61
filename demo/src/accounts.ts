// Accounts and their one project. An account is created with its first request, with sample clusters.
import { Hono } from "hono";
import type { AccountContext } from "./context.ts";
import { errorResponse, many, one } from "./responses.ts";
import { sampleClusters } from "./samples.ts";
import { derivedId, prepare, sql } from "./store.ts";

export interface Account {
  readonly id: string;
  readonly project_id: string;
  readonly owner_id: string;
  readonly name: string;
}

/**
 * The account of a principal, created with its first request.
 *
 * @param db the database
 * @param id the account of the signed identity
 * @param now milliseconds since the epoch
 */
export async function findOrCreateAccount(db: D1Database, id: string, now: number): Promise<Account> {
  const query = sql`SELECT id, project_id, owner_id, name FROM accounts WHERE id = ${id}`;
  const known = await prepare(db, query).first<Account>();
  if (known !== null) return known;
  // Ids are derived, and existing rows stay: two first requests at once create one account.
  const account = {
    id,
    project_id: await derivedId(id, "project"),
    owner_id: await derivedId(id, "owner"),
    name: `demo-${id.slice(0, 8)}`,
  };
  await db.batch([
    prepare(
      db,
      sql`INSERT OR IGNORE INTO accounts (id, project_id, owner_id, name, created_at)
        VALUES (${id}, ${account.project_id}, ${account.owner_id}, ${account.name}, ${now})`,
    ),
    ...(await sampleClusters(account.project_id, now)).map((statement) => prepare(db, statement)),
  ]);
  return account;
}

function projectData({ project_id }: Account) {
  const name = "default";
  return { id: project_id, name, spec: { name }, info: { id: project_id }, metadata: null };
}

// Without `roles`: a role name that a client does not know would fail its whole response.
function accountData(account: Account) {
  const { id, owner_id, name } = account;
  return { spec: { name }, info: { id, owner_id, projects: [projectData(account)] } };
}

/** Routes below `/api/public/v1`. */
export const accounts = new Hono<{ Bindings: AccountContext }>()
  .get("/ping", () => one({ status: "ok" }))
  .get("/account", (c) => one(accountData(c.env.account)))
  .get("/accounts", (c) => many(c.req.raw, [accountData(c.env.account)], null))
  // The response does not tell another account from one that does not exist.
  .use("/accounts/:account/*", async (c, next) => {
    if (c.req.param("account") !== c.env.account.id) return errorResponse(404, "Account not found");
    return next();
  })
  .use("/accounts/:account/projects/:project/*", async (c, next) => {
    if (c.req.param("project") !== c.env.account.project_id) return errorResponse(404, "Project not found");
    return next();
  })
  .get("/accounts/:account/projects", (c) => {
    const name = c.req.query("name") || "default";
    return many(c.req.raw, name === "default" ? [projectData(c.env.account)] : [], null);
  })
  .get("/accounts/:account/projects/:project", (c) => one(projectData(c.env.account)));
