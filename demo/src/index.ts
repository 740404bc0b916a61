// The demo upstream put together: who calls, which account that is, which route answers, and one line of log.
import { Hono } from "hono";
import { accounts, findOrMakeAccount } from "./accounts.ts";
import { refusal } from "./answers.ts";
import { backups } from "./backups.ts";
import type { Call } from "./call.ts";
import { catalogue } from "./catalogue.ts";
import { clusters } from "./clusters.ts";
import { type Env, readConfig } from "./env.ts";
import { type Caller, identify } from "./identity.ts";
import { tasks } from "./tasks.ts";
import { vpcs } from "./vpcs.ts";

const routes = new Hono<{ Bindings: Call }>()
  .basePath("/api/public/v1")
  // First, since it also holds the gates: no account and no project but the caller's own.
  .route("/", accounts)
  .route("/accounts/:account", catalogue)
  .route("/accounts/:account", tasks)
  .route("/accounts/:account/projects/:project/clusters", clusters)
  .route("/accounts/:account/projects/:project/backups", backups)
  .route("/accounts/:account/projects/:project/vpcs", vpcs)
  .notFound(() => refusal(404, "Requested API not found"))
  .onError((fault) => {
    throw fault;
  });

interface Facts {
  caller?: Caller;
  fault?: string;
}

async function answer(request: Request, env: Env, now: number, facts: Facts): Promise<Response> {
  const config = readConfig(env);
  if ("faults" in config) {
    facts.fault = config.faults.join("; ");
    return refusal(503, "The demo upstream is not configured; its log says why");
  }
  const identification = await identify(request.headers.get("Gatehouse-Identity"), config, now);
  switch (identification.outcome) {
    case "refused":
      return refusal(401, "This API is served through Gatehouse only");
    case "keys_unreachable":
      facts.fault = String(identification.cause);
      return refusal(503, "The keys that identities are checked with are out of reach");
    case "known": {
      const { caller } = identification;
      facts.caller = caller;
      const account = await findOrMakeAccount(env.DB, caller.accountId, now);
      return routes.fetch(request, { db: env.DB, account, now });
    }
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    const start = Date.now();
    const facts: Facts = {};
    const response = await answer(request, env, start, facts).catch((fault: unknown) => {
      facts.fault = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
      return refusal(500, "The demo upstream failed");
    });
    const requestId = request.headers.get("Gatehouse-Request-Id");
    console.log(
      JSON.stringify({
        request_id: requestId,
        operation: request.headers.get("Gatehouse-Operation"),
        method: request.method,
        path: new URL(request.url).pathname,
        status: response.status,
        key_id: facts.caller?.keyId,
        account_id: facts.caller?.accountId,
        role: facts.caller?.role,
        fault: facts.fault,
        duration_ms: Date.now() - start,
      }),
    );
    const answered = new Response(response.body, response);
    if (requestId !== null) answered.headers.set("Request-Id", requestId);
    return answered;
  },
} satisfies ExportedHandler<Env>;
