// An IP allow list as the wire has it.
import type { AllowListDetails } from "../../store/allow-lists/port.ts";
import { toKeyReference } from "../api-keys/view.ts";
import { etagOf } from "../preconditions.ts";
import type { AllowListData } from "./schema.ts";

/**
 * An IP allow list with the keys that are bound to it.
 *
 * @param now milliseconds since the epoch, for the state of the keys
 */
export function toAllowList(list: AllowListDetails, now: number): AllowListData {
  return {
    spec: { name: list.name, description: list.description, allow_list: [...list.rules] },
    info: {
      id: list.id,
      etag: etagOf(list),
      project_id: list.projectId,
      // Only the upstream knows which clusters use a list.
      cluster_ids: [],
      cluster_list: [],
      peering_id: null,
      api_key_list: list.keys.map((key) => toKeyReference(key, now)),
    },
  };
}
