// Accounts and their one project. An account comes into being when the door first vouches for it, with things to look at.
import { Hono } from "hono";
import { many, one, refusal } from "./answers.ts";
import type { Call } from "./call.ts";
import { sampleClusters } from "./samples.ts";
import { derivedId, prepare, sql } from "./store.ts";

export interface Account {
  readonly id: string;
  readonly project_id: string;
  readonly owner_id: string;
  readonly name: string;
}

/**
 * The account of a caller, made on first sight.
 *
 * @param db the database
 * @param id the account that the door vouches for
 * @param now milliseconds since the epoch
 */
export async function findOrMakeAccount(db: D1Database, id: string, now: number): Promise<Account> {
  const query = sql`SELECT id, project_id, owner_id, name FROM accounts WHERE id = ${id}`;
  const known = await prepare(db, query).first<Account>();
  if (known !== null) return known;
  // Ids are derived, and what is there already is left alone: two first calls at once make one account.
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

// Without `roles`: a role name that a client does not know would fail its whole answer.
function accountData(account: Account) {
  const { id, owner_id, name } = account;
  return { spec: { name }, info: { id, owner_id, projects: [projectData(account)] } };
}

/** Routes below `/api/public/v1`. */
export const accounts = new Hono<{ Bindings: Call }>()
  .get("/ping", () => one({ status: "ok" }))
  .get("/account", (c) => one(accountData(c.env.account)))
  .get("/accounts", (c) => many(c.req.raw, [accountData(c.env.account)], null))
  // Somebody else's account and one that does not exist are the same thing to a caller.
  .use("/accounts/:account/*", async (c, next) => {
    if (c.req.param("account") !== c.env.account.id) return refusal(404, "Account not found");
    return next();
  })
  .use("/accounts/:account/projects/:project/*", async (c, next) => {
    if (c.req.param("project") !== c.env.account.project_id) return refusal(404, "Project not found");
    return next();
  })
  .get("/accounts/:account/projects", (c) => {
    const name = c.req.query("name") || "default";
    return many(c.req.raw, name === "default" ? [projectData(c.env.account)] : [], null);
  })
  .get("/accounts/:account/projects/:project", (c) => one(projectData(c.env.account)));
