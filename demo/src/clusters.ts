// The routes of clusters.
import { type Context, Hono } from "hono";
import { nodeConfigurationsForEdit } from "./catalog.ts";
import { AllowListIds, ClusterSpec, CreateCluster } from "./cluster-shape.ts";
import {
  type Change,
  type ClusterRow,
  changeCluster,
  clusterRows,
  createCluster,
  DELETE,
  edit,
  editAllowLists,
  findCluster,
  PAUSE,
  RESUME,
} from "./cluster-store.ts";
import { allowListsData, clusterData, nodesData } from "./cluster-wire.ts";
import type { AccountContext } from "./context.ts";
import { readBody, readFilter, readPage } from "./requests.ts";
import { errorResponse, gone, many, one } from "./responses.ts";
import { readRows } from "./store.ts";
import { unknownVpcs } from "./vpcs.ts";

type At = Context<{ Bindings: AccountContext }, "/:cluster">;

const NOT_FOUND = "Cluster not found";
const NOT_ACTIVE = "Cluster is not in an active state";
const NOT_PAUSED = "Cluster is not in paused state";
const ALREADY_GOING = "Cluster is being deleted";
const NAME_TAKEN = "A cluster with this name already exists";

async function list(c: At): Promise<Response> {
  const request = c.req.raw;
  const page = readPage(request);
  if (page instanceof Response) return page;
  const filters = {
    name: c.req.query("name") || null,
    cloud: readFilter(request, "cloud"),
    region: readFilter(request, "region"),
    state: readFilter(request, "state"),
    tier: readFilter(request, "tier"),
    vpcId: readFilter(request, "vpc_id"),
  };
  const { rows, continuation } = await readRows<ClusterRow>(c.env.db, clusterRows(c.env, filters), page);
  return many(request, rows.map(clusterData), continuation);
}

async function create(c: At): Promise<Response> {
  const body = await readBody(c.req.raw, CreateCluster);
  if (body instanceof Response) return body;
  const { cluster_spec: spec, allow_list_info } = body;
  const unknown = await unknownVpcs(c.env, spec);
  if (unknown !== null) return unknown;
  const id = crypto.randomUUID();
  const allowListIds = [...new Set(allow_list_info ?? [])];
  const made = await createCluster(c.env, { id, spec, allowListIds, createdAt: c.env.now });
  return made ? shown(c, id, clusterData) : errorResponse(409, NAME_TAKEN);
}

async function replace(c: At): Promise<Response> {
  const spec = await readBody(c.req.raw, ClusterSpec);
  if (spec instanceof Response) return spec;
  const unknown = await unknownVpcs(c.env, spec);
  if (unknown !== null) return unknown;
  const id = c.req.param("cluster");
  if (await changeCluster(c.env, id, edit(c.env, id, spec))) return shown(c, id, clusterData);
  const cluster = await findCluster(c.env, id);
  if (cluster === null) return errorResponse(404, NOT_FOUND);
  return errorResponse(409, cluster.state === "ACTIVE" ? NAME_TAKEN : NOT_ACTIVE);
}

async function replaceAllowLists(c: At): Promise<Response> {
  const ids = await readBody(c.req.raw, AllowListIds);
  if (ids instanceof Response) return ids;
  return changed(c, editAllowLists(ids), NOT_ACTIVE, (id) => shown(c, id, allowListsData));
}

/** Makes a change; a cluster in another state gets a 409 that says so. */
async function changed(
  c: At,
  change: Change,
  otherwise: string,
  respond: (id: string) => Promise<Response> | Response,
) {
  const id = c.req.param("cluster");
  if (await changeCluster(c.env, id, change)) return respond(id);
  return (await findCluster(c.env, id)) === null ? errorResponse(404, NOT_FOUND) : errorResponse(409, otherwise);
}

/** One cluster, or a part of it, in its current state. */
async function shown(c: At, id: string, shape: (row: ClusterRow) => object | null): Promise<Response> {
  const cluster = await findCluster(c.env, id);
  if (cluster === null) return errorResponse(404, NOT_FOUND);
  const data = shape(cluster);
  return Array.isArray(data) ? many(c.req.raw, data, null) : one(data);
}

/** Routes below `…/projects/{project}/clusters`. */
export const clusters = new Hono<{ Bindings: AccountContext }>()
  .get("/", (c) => list(c))
  .post("/", (c) => create(c))
  .get("/:cluster", (c) => shown(c, c.req.param("cluster"), clusterData))
  .put("/:cluster", (c) => replace(c))
  .delete("/:cluster", (c) => changed(c, DELETE, ALREADY_GOING, gone))
  .post("/:cluster/pause", (c) => changed(c, PAUSE, NOT_ACTIVE, (id) => shown(c, id, clusterData)))
  .post("/:cluster/resume", (c) => changed(c, RESUME, NOT_PAUSED, (id) => shown(c, id, clusterData)))
  .get("/:cluster/nodes", (c) => shown(c, c.req.param("cluster"), nodesData))
  .get("/:cluster/allow-lists", (c) => shown(c, c.req.param("cluster"), allowListsData))
  .put("/:cluster/allow-lists", (c) => replaceAllowLists(c))
  // No cluster of the demo is encrypted with a customer's key: `data` is null.
  .get("/:cluster/cmks", (c) => shown(c, c.req.param("cluster"), () => null))
  .get("/:cluster/supported-node-configurations", (c) => nodeConfigurationsForEdit(c.req.raw));
