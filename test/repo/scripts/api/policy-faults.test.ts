// What contradicts in a policy, beyond what the compiler sees.
import { expect, it, test } from "vitest";
import { loadApi } from "../../../../scripts/api/chosen-api.ts";
import { policyFaults } from "../../../../scripts/api/policy-faults.ts";
import { type ApiOperation, type ApiPolicy, describeApi } from "../../../../src/core/routing/api-description.ts";

const STOP: ApiOperation = {
  ...{ operationId: "stopJob", method: "POST", path: "/v1/{job}/stop/{org}", permission: "JOB:STOP" },
  effect: "mutating",
};
const OPERATIONS: readonly ApiOperation[] = [
  { operationId: "listJobs", method: "GET", path: "/v1/jobs", permission: "JOB:READ", effect: "safe" },
  STOP,
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

it("accepts what only looks like a contradiction", () => {
  const formats = { job: "integer" } as const;
  const more = [{ ...STOP, operationId: "createRole", path: "/v1/roles/{job}", permission: "JOB:RUN", formats }];
  const policy: Partial<ApiPolicy> = {
    operations: more,
    overrides: { createRole: { path: "/v1/roles/{rest...}" } },
    encodedSlash: ["rest"],
    placement: { ...POLICY.placement, "JOB:RUN": "admin" },
  };
  expect(faultsOf(policy)).toEqual([]);
});

it("lets an account be in paths beside others without one", () => {
  const jobs = { account: "org", project: null, cluster: null };
  const path = "/v1/orgs/{org}/jobs";
  expect(faultsOf({ parameters: jobs, overrides: { stopJob: { path } } })).toEqual([]);
});

it("finds nothing in a policy that fits", () => {
  expect(faultsOf({})).toEqual([]);
});

it("finds nothing in the policy of Aeon", async () => {
  expect((await loadApi("aeon")).name).toBe("aeon");
});

test.each<[string, Partial<ApiPolicy>, string]>([
  ["an override of no operation", { overrides: { gone: {} } }, "overrides: there is no operation gone"],
  ["a parameter of no template", { encodedSlash: ["vhost"] }, "no operation has the parameter {vhost}"],
  [
    "an account behind another parameter",
    { parameters: { account: "org", project: null, cluster: null } },
    "parameters: {org} is behind another parameter in /v1/{job}/stop/{org}",
  ],
  ["a permission without a placement", { placement: { "JOB:READ": "viewer" } }, "placement: JOB:STOP is missing"],
  ["a sensitive permission without a placement", { sensitive: ["JOB:SEE"] }, "placement: JOB:SEE is missing"],
  ["a part of a parameter's name", { encodedSlash: ["jo"] }, "no operation has the parameter {jo}"],
  [
    "two operations that match the same paths",
    { operations: [{ ...STOP, operationId: "again", path: "/v1/{a}/stop/{b}" }] },
    "stopJob (POST /v1/{job}/stop/{org}) and again (POST /v1/{a}/stop/{b}) match the same paths",
  ],
  [
    "a template outside the grammar",
    { operations: [{ ...STOP, operationId: "again", path: "/v1/a b" }] },
    "/v1/a b is not canonical",
  ],
  [
    "two operations of one id",
    { operations: [{ ...STOP, path: "/v1/other" }] },
    "two rows have the operationId stopJob",
  ],
  [
    "a path of Gatehouse",
    { operations: [{ ...STOP, operationId: "open", path: "/console/{x}" }] },
    "open: /console/{x} is a path of Gatehouse, and never reaches the API",
  ],
  [
    "a permission that lets manage keys of Gatehouse",
    { overrides: { stopJob: { permission: "API_KEY:CREATE" } } },
    "API_KEY:CREATE is Gatehouse's own: no operation of the API can require it",
  ],
  [
    "a placement of one of Gatehouse's permissions",
    { placement: { ...POLICY.placement, "API_KEY:CREATE": "viewer" } },
    "placement: API_KEY:CREATE is Gatehouse's own",
  ],
  [
    "READ that a role would get by another permission",
    { placement: { "JOB:READ": "viewer", "JOB:STOP": "developer" } },
    "placement: with JOB:STOP the developer role also gets JOB:READ, where it is not placed",
  ],
])("finds %s", (_, changes, fault) => {
  expect(faultsOf(changes)).toEqual([fault]);
});
