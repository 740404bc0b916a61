// The documentation of the operations on dry runs.
import { ForceQuery } from "../../../src/admin/schema.ts";
import { body, one, tagged, whole } from "../operation-doc.ts";

const TRIAL_EXAMPLE = {
  role_id: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4",
  allow_list_info: ["1eaf5552-e2f3-4a28-b215-106667c05178"],
};

const IF_NONE_MATCH = {
  ...{ name: "If-None-Match", in: "header", required: false },
  description: "`*`: the dry run is only started where the key has none.",
  schema: { type: "string", examples: ["*"] },
};

export const DRY_RUN_OPERATIONS = tagged("API keys", {
  getApiKeyTrial: {
    summary: "Show the dry run (trial) of an API key, and what it would have denied",
    description: "Counts allowed requests only. Counts are written once a minute.",
    response: one("TrialData", "The dry run."),
  },
  putApiKeyTrial: {
    summary: "Start a dry run of an API key with another role, IP allow lists, or both",
    description:
      "Report-only: a dry run denies no request. Replaces the current dry run; counts restart at zero. The key must be active, and must have no more access than the requesting key, both now and after a promotion.",
    headers: [IF_NONE_MATCH],
    body: body("TrialSpec", TRIAL_EXAMPLE),
    response: whole("StartedTrial", "The dry run, with warnings of allow lists that allow next to everything."),
    errors: [409],
  },
  deleteApiKeyTrial: {
    summary: "End the dry run of an API key",
    description: "Deletes the dry run and its counts; the key does not change.",
    response: null,
  },
  promoteApiKeyTrial: {
    summary: "Make the role and IP allow lists of the dry run the key's own",
    description:
      "The key must be active, and must have no more access than the requesting key, before and after. The last key that can manage keys only loses that permission with `force`.",
    query: ForceQuery,
    response: whole("PromotedTrial", "The changed key, and how soon the change takes effect."),
    errors: [409],
  },
});
