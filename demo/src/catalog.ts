// The catalog of the cloud: software tracks and kinds of nodes. The same for all accounts, so it is not stored.
import { Hono } from "hono";
import type { AccountContext } from "./context.ts";
import { readFilter } from "./requests.ts";
import { errorResponse, many, one } from "./responses.ts";

export const RAPID_TRACK = "b1c7e0a4-6f02-4d57-9a3e-2d8f5c410001";
const STEADY_TRACK = "b1c7e0a4-6f02-4d57-9a3e-2d8f5c410002";

const TRACKS = [
  { id: RAPID_TRACK, name: "Innovation", description: "New features first", version: "2026.1.0.0-b41" },
  { id: STEADY_TRACK, name: "Production", description: "Long-term support", version: "2025.2.3.0-b7" },
];

const REGIONS: Readonly<Record<string, readonly string[]>> = {
  AWS: ["us-west-2", "us-east-1", "eu-west-1", "ap-northeast-1"],
  GCP: ["us-west1", "us-east4", "europe-west3", "asia-south1"],
  AZURE: ["westus3", "eastus", "northeurope", "japaneast"],
};

export function isTrack(id: string): boolean {
  return TRACKS.some((track) => track.id === id);
}

export function softwareVersion(trackId: string): string {
  return (TRACKS.find((track) => track.id === trackId) ?? TRACKS[0])?.version ?? "";
}

function trackData({ id, name, description }: (typeof TRACKS)[number]) {
  const created_on = "2026-01-12T09:00:00.000Z";
  return { spec: { name, description }, info: { id, metadata: { created_on, updated_on: created_on } } };
}

/** Kinds of nodes by region; regions that work as one cluster share one entry, under their names joined by commas. */
function nodeConfigurations(request: Request, asOne: boolean): Response {
  const [cloud = "AWS"] = readFilter(request, "cloud") ?? [];
  const free = readFilter(request, "tier")?.[0] === "FREE";
  const regions = readFilter(request, "regions") ?? REGIONS[cloud.toUpperCase()] ?? [];
  const kinds = [2, 4, 8, 16].map((num_cores) => ({
    memory_mb: num_cores * 4096,
    num_cores,
    included_disk_size_gb: free ? 10 : num_cores * 50,
    num_azs: 3,
    is_enabled: !free || num_cores === 2,
  }));
  return one(Object.fromEntries((asOne ? [regions.join(",")] : regions).map((region) => [region, kinds])));
}

/** Routes below an account. */
export const catalog = new Hono<{ Bindings: AccountContext }>()
  .get("/software-tracks", (c) => many(c.req.raw, TRACKS.map(trackData), null))
  .get("/software-tracks/:track", (c) => {
    const track = TRACKS.find(({ id }) => id === c.req.param("track"));
    return track === undefined ? errorResponse(404, "Software track not found") : one(trackData(track));
  })
  .get("/clusters/supported-node-configurations", (c) =>
    nodeConfigurations(c.req.raw, c.req.query("is_multi_region") === "true"),
  );

/** The route below a cluster. */
export function nodeConfigurationsForEdit(request: Request): Response {
  return nodeConfigurations(request, new URL(request.url).searchParams.get("per_region") === "false");
}
