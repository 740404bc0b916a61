// A count of denied requests as the wire has it.
import type { DenialCount } from "../../store/denials/port.ts";
import { toIsoString } from "../time.ts";
import type { RefusalData } from "./schema.ts";

/** How often a key was denied for one reason within one hour. */
export function toDenialCount(denial: DenialCount): RefusalData {
  return {
    hour: toIsoString(denial.hourFrom),
    api_key_id: denial.keyId,
    api_key_name: denial.keyName,
    reason: denial.reason,
    count: denial.count,
    last_on: toIsoString(denial.lastAt),
  };
}
