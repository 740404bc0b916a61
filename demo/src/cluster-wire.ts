// A cluster in JSON, from its row. Has every array and every member that the clients need.
import { softwareVersion } from "./catalog.ts";
import type { ClusterSpec } from "./cluster-shape.ts";
import type { ClusterRow } from "./cluster-store.ts";
import { iso } from "./store.ts";

type RegionInfo = ClusterSpec["cluster_region_info"][number];

function specOf(row: ClusterRow): ClusterSpec {
  return JSON.parse(row.spec);
}

function regionOf(info: RegionInfo): string {
  return info.placement_info.cloud_info.region;
}

export function clusterData(row: ClusterRow) {
  const spec = specOf(row);
  const hosts = spec.cluster_region_info.map((info) => [regionOf(info), `${regionOf(info)}.${row.id}.db.example`]);
  const reachable = row.state === "CREATING" ? [] : hosts;
  return {
    spec: { ...spec, cluster_info: { ...spec.cluster_info, version: row.version } },
    info: {
      id: row.id,
      project_id: row.project_id,
      state: row.state,
      software_version: softwareVersion(spec.software_info.track_id),
      cluster_network_version: "V0",
      cluster_region_info_details: spec.cluster_region_info.map((info, i) => ({
        region: regionOf(info),
        id: partId(row.id, i),
        backup_region: i === 0,
      })),
      endpoints: Object.fromEntries(reachable),
      cluster_endpoints: reachable.map(([region, host], i) => ({
        id: partId(row.id, 100 + i),
        region,
        host,
        accessibility_type: "PUBLIC",
        state: "ACTIVE",
      })),
      read_replica_info: [],
      health_info: { state: row.state === "ACTIVE" ? "HEALTHY" : "UNKNOWN", notes: [] },
      metadata: { created_on: iso(row.created_at), updated_on: iso(row.updated_at) },
    },
  };
}

/** The nodes of a cluster, up while it is active. Its first one leads. */
export function nodesData(row: ClusterRow): object[] {
  const up = row.state === "ACTIVE";
  const places = specOf(row).cluster_region_info.flatMap((info) =>
    Array.from({ length: info.placement_info.num_nodes }, (_, i) => ({
      region: regionOf(info),
      zone: `${regionOf(info)}${"abc"[i % 3]}`,
    })),
  );
  return places.map((cloud_info, i) => ({
    name: `${row.name}-n${i + 1}`,
    is_node_up: up,
    is_master: i === 0,
    is_tserver: true,
    is_read_replica: false,
    metrics: {
      memory_used_bytes: up ? 28_000_000 + i * 1_000_000 : 0,
      total_sst_file_size_bytes: 0,
      uncompressed_sst_file_size_bytes: 0,
      read_ops_per_sec: 0,
      write_ops_per_sec: 0,
    },
    cloud_info,
  }));
}

/** The allow lists of a cluster. Gatehouse has the lists themselves: here is only the id of each. */
export function allowListsData(row: ClusterRow): object[] {
  const ids: string[] = JSON.parse(row.allow_list_ids);
  return ids.map((id) => ({
    spec: { name: id, description: "", allow_list: [] },
    info: {
      id,
      project_id: row.project_id,
      cluster_ids: [row.id],
      cluster_list: [{ id: row.id, name: row.name }],
      peering_id: null,
      api_key_list: [],
    },
  }));
}

/** A stable id for a part of a cluster: the cluster's, with another last group. */
function partId(clusterId: string, part: number): string {
  return clusterId.slice(0, 24) + part.toString(16).padStart(12, "0");
}
