// The clusters of a new account: an active one and a paused one.
import { ClusterSpec } from "./cluster-shape.ts";
import { insertCluster } from "./cluster-store.ts";
import { derivedId, type Sql } from "./store.ts";

const DAY_MS = 86_400_000;

const MERRY_HERON = ClusterSpec.parse({
  name: "merry-heron",
  cluster_info: { cluster_tier: "PAID", fault_tolerance: "ZONE", num_faults_to_tolerate: 1 },
  cluster_region_info: [
    { placement_info: { cloud_info: { code: "AWS", region: "us-west-2" }, num_nodes: 3, multi_zone: true } },
  ],
});

const QUIET_LYNX = ClusterSpec.parse({
  name: "quiet-lynx",
  cluster_info: { cluster_tier: "PAID", node_info: { num_cores: 4, memory_mb: 16_384, disk_size_gb: 200 } },
  cluster_region_info: [{ placement_info: { cloud_info: { code: "GCP", region: "europe-west3" }, num_nodes: 1 } }],
});

/** Statements that insert the sample clusters into a project; existing rows stay. */
export async function sampleClusters(projectId: string, now: number): Promise<Sql[]> {
  const heron = await derivedId(projectId, MERRY_HERON.name);
  const lynx = await derivedId(projectId, QUIET_LYNX.name);
  const [longAgo, lately] = [now - 30 * DAY_MS, now - 12 * DAY_MS];
  return [
    insertCluster(projectId, { id: heron, spec: MERRY_HERON, allowListIds: [], createdAt: longAgo }),
    insertCluster(projectId, { id: lynx, spec: QUIET_LYNX, allowListIds: [], createdAt: lately }, [
      "PAUSING",
      "PAUSED",
    ]),
  ];
}
