// The schemas of clusters. Only values that the API's clients know: one unknown would fail their whole response.
import * as z from "zod";
import { isTrack, RAPID_TRACK } from "./catalog.ts";

export const Cloud = z.enum(["AWS", "GCP", "AZURE"]);
export const Region = z.string().regex(/^[a-z0-9-]{2,40}$/, "must be the code of a region");
export const Name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "1 to 63 letters, digits, and . _ -");

const NodeInfo = z.object({
  num_cores: z.int().min(1).max(96),
  memory_mb: z.int().min(1024).max(786_432),
  disk_size_gb: z.int().min(1).max(16_384),
  disk_iops: z.int().min(1).nullable().default(null),
});

const RegionInfo = z.object({
  placement_info: z.object({
    cloud_info: z.object({ code: Cloud, region: Region }),
    num_nodes: z.int().min(1).max(50),
    vpc_id: z.uuid().nullable().default(null),
    num_replicas: z.int().min(1).nullable().default(null),
    multi_zone: z.boolean().nullable().default(false),
  }),
  node_info: NodeInfo.nullish(),
  is_default: z.boolean().default(false),
  is_affinitized: z.boolean().default(false),
  accessibility_types: z.array(z.enum(["PUBLIC", "PRIVATE"])).default(["PUBLIC"]),
});

const ClusterInfo = z.object({
  cluster_tier: z.enum(["FREE", "PAID"]),
  cluster_type: z.enum(["SYNCHRONOUS", "GEO_PARTITIONED"]).default("SYNCHRONOUS"),
  num_nodes: z.int().min(1).max(150).optional(),
  fault_tolerance: z.enum(["NONE", "NODE", "ZONE", "REGION"]).default("NONE"),
  num_faults_to_tolerate: z.int().min(0).max(3).nullish(),
  node_info: NodeInfo.nullish(),
  is_production: z.boolean().optional(),
});

/** A requested cluster. Missing members get defaults: the clients fail on an incomplete cluster. */
export const ClusterSpec = z
  .object({
    name: Name,
    cluster_info: ClusterInfo,
    software_info: z
      .object({ track_id: z.string().refine(isTrack, "must be the id of a software track").nullish() })
      .nullish(),
    cluster_region_info: z.array(RegionInfo).min(1).max(7),
  })
  .superRefine((spec, context) => {
    const asked = spec.cluster_info.num_nodes;
    const placed = nodesIn(spec.cluster_region_info);
    if (asked !== undefined && asked !== placed) {
      const path = ["cluster_info", "num_nodes"];
      context.addIssue({ code: "custom", path, message: "must be the sum of num_nodes over cluster_region_info" });
    }
  })
  .transform(({ name, cluster_info, software_info, cluster_region_info }) => {
    const regions = cluster_region_info.map(({ node_info, ...region }, i) => ({
      ...region,
      // One region is the default one, also when the request marks none.
      is_default: region.is_default || (i === 0 && !cluster_region_info.some((other) => other.is_default)),
      node_info: node_info ?? cluster_info.node_info ?? SMALL_NODE,
    }));
    return {
      name,
      cloud_info: cluster_region_info[0]?.placement_info.cloud_info ?? null,
      cluster_info: {
        ...cluster_info,
        num_nodes: nodesIn(cluster_region_info),
        node_info: cluster_info.node_info ?? regions[0]?.node_info ?? SMALL_NODE,
        num_faults_to_tolerate:
          cluster_info.num_faults_to_tolerate ?? (cluster_info.fault_tolerance === "NONE" ? 0 : 1),
        is_production: cluster_info.is_production ?? cluster_info.cluster_tier === "PAID",
      },
      network_info: { single_tenant_vpc_id: cluster_region_info[0]?.placement_info.vpc_id ?? null },
      software_info: { track_id: software_info?.track_id ?? RAPID_TRACK },
      cluster_region_info: regions,
    };
  });
export type ClusterSpec = z.infer<typeof ClusterSpec>;

/** Body of "create a cluster". Credentials in it are neither read nor stored. */
export const CreateCluster = z.object({
  cluster_spec: ClusterSpec,
  allow_list_info: z.array(z.uuid()).max(100).nullish(),
});

export const AllowListIds = z.array(z.uuid()).max(100);

const SMALL_NODE = { num_cores: 2, memory_mb: 8192, disk_size_gb: 100, disk_iops: null };

function nodesIn(regions: readonly { readonly placement_info: { readonly num_nodes: number } }[]): number {
  return regions.reduce((sum, region) => sum + region.placement_info.num_nodes, 0);
}
