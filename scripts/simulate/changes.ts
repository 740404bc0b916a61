// Changes of the account by requests to an isolate: authorized by the real gateway, made by the real repositories, and judged at
// their commit.
import { actorOf } from "../../src/admin/handler.ts";
import type { AuthorizedRequest } from "../../src/authorized-request.ts";
import type { Actor } from "../../src/store/common.ts";
import { createMaintenance } from "../../src/store/maintenance/maintenance.ts";
import { background, type Isolate } from "./isolate.ts";
import type { Key } from "./keys.ts";
import { ACCOUNT_PATH, createCall, createRequest, HOST, judgeCall, slowBody } from "./requests.ts";
import type { Scene } from "./scene.ts";
import type { Ended } from "./truth.ts";

/** What a change has at hand. */
export interface Act {
  readonly scene: Scene;
  readonly db: D1Database;
  readonly now: number;
  /** The actor of a change that is authorized on these rows as they were read. */
  readonly by: (basis?: Parameters<typeof actorOf>[1]) => Actor;
  /** The row that is changed, as it was read. */
  readonly reads: (row: { readonly id: string; readonly version: number }) => void;
}

/** Makes a change. @returns the ids of the keys or the role that it has changed */
export type Change = (act: Act) => Promise<readonly string[]>;

/** A key that takes part in a change by its maker. */
export function requestChange(scene: Scene, isolate: Isolate, maker: Key, change: Change): void {
  const { random } = scene;
  const call = createCall(scene, isolate, maker);
  // The body may come long after the headers, for which the request was authorized.
  const body = random.happens(0.3) ? slowBody(scene, isolate, call, 1, random.between(100, 9_000)) : "{}";
  const request = createRequest("PATCH", `${HOST}${ACCOUNT_PATH}/api-keys/${maker.id}`, maker, body);
  const made = nothingMade();
  const sent = isolate.send(request, call, async (authorized) => {
    const changed = await perform(scene, isolate, authorized, change, made);
    isolate.resolver.invalidate(changed, authorized.background);
    isolate.link.earlyAt = Math.max(isolate.link.earlyAt, scene.world.now);
    background(createMaintenance(isolate.connect(), isolate.copies).syncKvCopies(changed));
    return new Response("{}");
  });
  void sent.then((response) => {
    settle(scene, made);
    if (response.status === 503) scene.judge.noteUnavailable(isolate.link.failures - made.failures <= 1);
    judgeCall(scene, isolate, call, "manage", response.status);
  });
}

/** What the commits of a change have ended, and how many statements of its isolate had failed until then. */
export interface Made {
  readonly ended: Ended[];
  failures: number;
}

export const nothingMade = (): Made => ({ ended: [], failures: Number.NEGATIVE_INFINITY });

/** Makes a change on behalf of a principal, and notes in `made` what it has ended. */
export async function perform(
  scene: Scene,
  isolate: Isolate,
  request: Pick<AuthorizedRequest, "principal" | "address" | "requestId" | "now">,
  change: Change,
  made: Made,
): Promise<readonly string[]> {
  let read: { readonly id: string; readonly version: number } | null = null;
  const { id } = request.principal;
  const db = isolate.connect(([event]) => {
    // Its conditions did not hold: nothing has changed.
    if (event?.results.length !== 1) return;
    made.ended.push(...scene.ended);
    made.failures = isolate.link.failures;
    const before = scene.ended.find((each) => each.id === id)?.state ?? scene.truth.of(id);
    const changed = scene.ended.find((each) => each.id === read?.id)?.state;
    scene.judge.checkChange(before, request.now, changed === undefined || changed.version === read?.version);
  });
  return await change({
    ...{ scene, db, now: request.now },
    by: (basis) => actorOf(request as AuthorizedRequest, basis),
    reads(row) {
      read = row;
    },
  });
}

/** The changes were answered: from now on everybody may expect them. */
export function settle({ world, keys, hot }: Scene, { ended }: { readonly ended: readonly Ended[] }): void {
  for (const { id, state } of ended) {
    state.answeredAt = world.now;
    const key = keys.slice(-HOT_KEYS).find((each) => each.id === id);
    if (key !== undefined) hot.push({ key, until: world.now + HOT_FOR_MS });
  }
}

/** A key that was changed gets more requests than others for this long, unless it is too old for `Truth`. */
const HOT_KEYS = 200;
const HOT_FOR_MS = 240_000;
