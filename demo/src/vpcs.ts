// VPCs: networks of clusters. They exist at once; only their tasks take a while.
import { Hono } from "hono";
import * as z from "zod";
import { Cloud, type ClusterSpec, Name, Region } from "./cluster-shape.ts";
import type { AccountContext } from "./context.ts";
import { readBody, readFilter, readPage } from "./requests.ts";
import { errorResponse, gone, invalid, many, one } from "./responses.ts";
import { isOneOf, type PageRow, prepare, readRows, type Sql, sql } from "./store.ts";
import { insertTask } from "./tasks.ts";

const Cidr = z.cidrv4();

const VpcSpec = z.object({
  name: Name,
  cloud: Cloud,
  parent_cidr: Cidr.nullable().default(null),
  region_specs: z
    .array(z.object({ region: Region, cidr: Cidr.nullable().default(null) }))
    .max(50)
    .default([]),
});

/** The clients send the spec in an envelope; a person may leave it out. */
const CreateVpc = z.preprocess((body) => Object(body).spec ?? body, VpcSpec);

interface VpcRow extends PageRow {
  readonly spec: string;
  readonly cluster_ids: string;
}

function vpcData(row: VpcRow) {
  const spec: z.infer<typeof VpcSpec> = JSON.parse(row.spec);
  return {
    spec,
    info: {
      id: row.id,
      state: "ACTIVE",
      cloud_provider_project: "demo",
      external_vpc_id: `vpc-${row.id.slice(0, 8)}`,
      cluster_ids: JSON.parse(row.cluster_ids),
      peering_ids: [],
    },
  };
}

/** VPCs with their clusters; deleted clusters have none. */
function vpcRows({ account, now }: AccountContext): Sql {
  return sql`SELECT vpcs.*, (
      SELECT json_group_array(DISTINCT clusters.id) FROM clusters, json_each(clusters.spec, '$.cluster_region_info') AS r
      WHERE clusters.project_id = vpcs.project_id AND r.value ->> '$.placement_info.vpc_id' = vpcs.id
        AND NOT (clusters.settled = 'GONE' AND clusters.settles_at <= ${now})
    ) AS cluster_ids FROM vpcs WHERE project_id = ${account.project_id}`;
}

function findVpc(context: AccountContext, id: string): Promise<VpcRow | null> {
  return prepare(context.db, sql`${vpcRows(context)} AND id = ${id}`).first<VpcRow>();
}

async function createVpc(context: AccountContext, request: Request): Promise<Response> {
  const spec = await readBody(request, CreateVpc);
  if (spec instanceof Response) return spec;
  const { db, now, account } = context;
  const id = crypto.randomUUID();
  const [inserted] = await db.batch([
    prepare(
      db,
      sql`INSERT INTO vpcs (id, project_id, name, spec, created_at)
        VALUES (${id}, ${account.project_id}, ${spec.name}, ${JSON.stringify(spec)}, ${now}) ON CONFLICT DO NOTHING`,
    ),
    prepare(db, insertTask(account.project_id, { type: "CREATE_VPC", entityType: null, entityId: id }, now)),
  ]);
  if (inserted?.meta.changes !== 1) return errorResponse(409, "A VPC with this name already exists");
  return vpcResponse(await findVpc(context, id));
}

async function deleteVpc(context: AccountContext, id: string): Promise<Response> {
  const { db, now, account } = context;
  const free = sql`SELECT id FROM (${vpcRows(context)}) WHERE id = ${id} AND cluster_ids = '[]'`;
  const [deleted] = await db.batch([
    prepare(db, sql`DELETE FROM vpcs WHERE id IN (${free})`),
    prepare(db, insertTask(account.project_id, { type: "DELETE_VPC", entityType: null, entityId: id }, now)),
  ]);
  if (deleted?.meta.changes === 1) return gone();
  return (await findVpc(context, id)) === null
    ? vpcResponse(null)
    : errorResponse(409, "The VPC is in use by a cluster");
}

function vpcResponse(row: VpcRow | null): Response {
  return row === null ? errorResponse(404, "VPC not found") : one(vpcData(row));
}

/** The error response for a cluster in VPCs that do not exist; `null`: all exist. */
export async function unknownVpcs({ db, account }: AccountContext, spec: ClusterSpec): Promise<Response | null> {
  const wanted = spec.cluster_region_info.map((region) => region.placement_info.vpc_id);
  const ids = wanted.filter((id) => id !== null);
  const query = sql`SELECT id FROM vpcs WHERE project_id = ${account.project_id} AND ${isOneOf(sql`id`, ids)}`;
  const { results } = await prepare(db, query).all<{ id: string }>();
  const known = new Set(results.map(({ id }) => id));
  const errors = wanted.flatMap((id, i) =>
    id === null || known.has(id) ? [] : [`cluster_region_info.${i}.placement_info.vpc_id: no such VPC`],
  );
  return errors.length === 0 ? null : invalid(errors);
}

/** Routes below `…/projects/{project}/vpcs`. */
export const vpcs = new Hono<{ Bindings: AccountContext }>()
  .get("/", async (c) => {
    const request = c.req.raw;
    const page = readPage(request);
    if (page instanceof Response) return page;
    const region = readFilter(request, "region");
    const inRegion = sql`EXISTS (SELECT 1 FROM json_each(spec, '$.region_specs') WHERE ${isOneOf(sql`value ->> 'region'`, region)})`;
    const query = sql`${vpcRows(c.env)}
      AND ${isOneOf(sql`name`, readFilter(request, "name"))}
      AND ${isOneOf(sql`id`, readFilter(request, "ids"))}
      AND ${isOneOf(sql`spec ->> 'cloud'`, readFilter(request, "cloud"))}
      AND ${region === null ? sql`TRUE` : inRegion}`;
    const { rows, continuation } = await readRows<VpcRow>(c.env.db, query, page);
    return many(request, rows.map(vpcData), continuation);
  })
  .post("/", (c) => createVpc(c.env, c.req.raw))
  .get("/:vpc", async (c) => vpcResponse(await findVpc(c.env, c.req.param("vpc"))))
  .delete("/:vpc", (c) => deleteVpc(c.env, c.req.param("vpc")));
