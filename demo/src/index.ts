// The demo upstream: authenticates a request, finds its account, routes it, and writes one log line.
import { Hono } from "hono";
import { accounts, findOrCreateAccount } from "./accounts.ts";
import { backups } from "./backups.ts";
import { catalog } from "./catalog.ts";
import { clusters } from "./clusters.ts";
import type { AccountContext } from "./context.ts";
import { type Env, readConfig } from "./env.ts";
import { identify, type Principal } from "./identity.ts";
import { errorResponse } from "./responses.ts";
import { tasks } from "./tasks.ts";
import { vpcs } from "./vpcs.ts";

// UUIDs are compared without case (RFC 9562 section 4).
const UUIDS = /(?<=\/)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\/|$)/gi;
const getPath = ({ url }: Request) => new URL(url).pathname.replace(UUIDS, (id) => id.toLowerCase());

const routes = new Hono<{ Bindings: AccountContext }>({ getPath })
  .basePath("/api/public/v1")
  // First, since it also denies every account and project but the principal's own.
  .route("/", accounts)
  .route("/accounts/:account", catalog)
  .route("/accounts/:account", tasks)
  .route("/accounts/:account/projects/:project/clusters", clusters)
  .route("/accounts/:account/projects/:project/backups", backups)
  .route("/accounts/:account/projects/:project/vpcs", vpcs)
  .notFound(() => errorResponse(404, "Requested API not found"))
  .onError((error) => {
    throw error;
  });

interface Facts {
  principal?: Principal;
  fault?: string;
}

async function respond(request: Request, env: Env, now: number, facts: Facts): Promise<Response> {
  const config = readConfig(env);
  if ("errors" in config) {
    facts.fault = config.errors.join("; ");
    return errorResponse(503, "The demo upstream is not configured; its log says why");
  }
  const identification = await identify(request, config, now);
  switch (identification.outcome) {
    case "denied":
      return errorResponse(401, "This API is served through Gatehouse only");
    case "keys_unreachable":
      facts.fault = String(identification.cause);
      return errorResponse(503, "The keys that verify identities cannot be fetched");
    case "known": {
      const { principal } = identification;
      facts.principal = principal;
      const account = await findOrCreateAccount(env.DB, principal.accountId, now);
      return routes.fetch(request, { db: env.DB, account, now });
    }
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    const start = Date.now();
    const facts: Facts = {};
    const response = await respond(request, env, start, facts).catch((error: unknown) => {
      facts.fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return errorResponse(500, "The demo upstream failed");
    });
    const requestId = request.headers.get("Gatehouse-Request-Id");
    console.log(
      JSON.stringify({
        request_id: requestId,
        operation: request.headers.get("Gatehouse-Operation"),
        method: request.method,
        path: new URL(request.url).pathname,
        status: response.status,
        key_id: facts.principal?.keyId,
        account_id: facts.principal?.accountId,
        role: facts.principal?.role,
        role_built_in: facts.principal?.roleBuiltIn,
        fault: facts.fault,
        duration_ms: Date.now() - start,
      }),
    );
    const copy = new Response(response.body, response);
    if (requestId !== null) copy.headers.set("Request-Id", requestId);
    return copy;
  },
} satisfies ExportedHandler<Env>;
