// What contradicts in a policy, beyond what the compiler sees.
import { expect, it, test } from "vitest";
import { loadApi } from "../../../../scripts/api/chosen-api.ts";
import { policyFaults } from "../../../../scripts/api/policy-faults.ts";
import { type ApiOperation, type ApiPolicy, describeApi } from "../../../../src/core/routing/api-description.ts";

const OPERATIONS: readonly ApiOperation[] = [
  { operationId: "listJobs", method: "GET", path: "/v1/jobs", permission: "JOB:READ", effect: "safe" },
  { operationId: "stopJob", method: "POST", path: "/v1/{job}/stop/{org}", permission: "JOB:STOP", effect: "mutating" },
];
const WORDS = { JOB: { title: "Jobs", actions: { READ: "List jobs", STOP: "Stop jobs" } } };
const POLICY: ApiPolicy = {
  ...{ title: "Jobs", prefix: "/v1", parameters: { account: null, project: null, cluster: null } },
  placement: { "JOB:READ": "viewer, developer", "JOB:STOP": "developer" },
};

function faultsOf(changes: Partial<ApiPolicy>): readonly string[] {
  const policy = { ...POLICY, ...changes };
  return policyFaults(describeApi("jobs", OPERATIONS, WORDS, policy), policy);
}

it("finds nothing in a policy that fits", () => {
  expect(faultsOf({})).toEqual([]);
});

it("finds nothing in the policy of Aeon", async () => {
  expect((await loadApi("aeon")).name).toBe("aeon");
});

test.each<[string, Partial<ApiPolicy>, string]>([
  ["an override of no operation", { overrides: { gone: {} } }, "overrides: there is no operation gone"],
  ["a parameter of no template", { encodedSlash: ["vhost"] }, "no template has the parameter {vhost}"],
  [
    "an account behind another parameter",
    { parameters: { account: "org", project: null, cluster: null } },
    "parameters: {org} is behind another parameter in /v1/{job}/stop/{org}",
  ],
  ["a permission without a placement", { placement: { "JOB:READ": "viewer" } }, "placement: JOB:STOP is missing"],
  ["a sensitive permission without a placement", { sensitive: ["JOB:SEE"] }, "placement: JOB:SEE is missing"],
  [
    "a placement without words",
    { placement: { ...POLICY.placement, "JOB:RUN": "admin" } },
    "words: JOB:RUN is missing",
  ],
  [
    "a placement of one of Gatehouse's permissions",
    { placement: { ...POLICY.placement, "API_KEY:CREATE": "viewer" } },
    "placement: API_KEY:CREATE is Gatehouse's own",
  ],
  [
    "READ that a role would get by another permission",
    { placement: { "JOB:READ": "viewer", "JOB:STOP": "developer" } },
    "placement: JOB:STOP gives JOB:READ to the developer role, which it is not placed in",
  ],
])("finds %s", (_, changes, fault) => {
  expect(faultsOf(changes)).toEqual([fault]);
});
