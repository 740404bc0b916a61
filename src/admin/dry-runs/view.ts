// The dry run of a key as the wire has it.
import type { DryRunDenialCount, DryRunDetails } from "../../store/dry-runs/port.ts";
import { toIsoString } from "../time.ts";
import type { TrialData } from "./schema.ts";

/** A dry run with what it would have denied. */
export function toDryRun(keyId: string, dryRun: DryRunDetails): TrialData {
  return {
    spec: { role_id: dryRun.roleId, allow_list_info: dryRun.allowListIds === null ? null : [...dryRun.allowListIds] },
    info: {
      id: dryRun.id,
      api_key_id: keyId,
      created_on: toIsoString(dryRun.createdAt),
      created_by: dryRun.createdByName,
      evaluated_calls: dryRun.evaluated,
      would_have_refused: dryRun.denials.reduce((sum, { count }) => sum + count, 0),
      networks: dryRun.networks,
      networks_complete: dryRun.networksComplete,
      reasons: dryRun.denials.map((each) => ({ reason: each.reason, ...toCounted(each) })),
      examples: dryRun.examples.map((each) => ({
        reason: each.reason,
        operation: each.operation,
        network: each.network,
        ...toCounted(each),
      })),
    },
  };
}

function toCounted({ count, firstAt, lastAt }: DryRunDenialCount) {
  return { count, first_on: toIsoString(firstAt), last_on: toIsoString(lastAt) };
}
