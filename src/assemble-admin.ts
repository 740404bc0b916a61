// The second half of index.ts: puts the operations of Gatehouse's own together. Loaded with the first call to one of them.
import { createAdmin } from "./admin/app.ts";
import type { AdminCall, RevocationBounds } from "./admin/call.ts";
import type { Config } from "./env.ts";
import { createD1AllowLists } from "./store/d1-allow-lists.ts";
import { createD1KeyKeeper } from "./store/d1-key-keeper.ts";
import { createD1Roles } from "./store/d1-roles.ts";
import type { KeyFinder } from "./store/ports.ts";

/** The handler of every operation that the table gives to Gatehouse. */
export function assembleAdmin(
  config: Config,
  finder: KeyFinder,
  bounds: RevocationBounds,
): (call: AdminCall) => Promise<Response> {
  return createAdmin({
    keys: createD1KeyKeeper(config.db),
    allowLists: createD1AllowLists(config.db),
    roles: createD1Roles(config.db),
    finder,
    ring: config.ring,
    defaultKeyRole: config.defaultKeyRole,
    bounds,
  });
}
