import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { api } from "#api";
import { ALL_PERMISSIONS } from "../../../src/core/access/roles.ts";
import {
  DEFAULT_MANAGEMENT_PREFIX,
  type GatehouseOperationId,
} from "../../../src/core/routing/gatehouse-operations.ts";
import { matchOperation } from "../../../src/core/routing/match-operation.ts";
import { accountIn, accountOf, compileTable } from "../../../src/core/routing/operation-table.ts";
import { OPERATIONS, operationsOf } from "../../../src/core/routing/operations.ts";

const rows = OPERATIONS;
const table = compileTable(OPERATIONS);
const isGatehousePath = (path: string) => table.reserved.test(path);
const ACCOUNT_SCOPE = "/api/public/v1/accounts/";
const A = "/api/public/v1/accounts/0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";
const P = `${A}/projects/6b9f7f0e-98a5-4bb0-9b8e-b8d6a4f0f001`;

/** Operations that Gatehouse has beyond Aeon's. */
const OUR_OWN: readonly GatehouseOperationId[] = [
  "exportAuditEvents",
  "getAuditHead",
  "listRefusals",
  "explainRefusal",
  "getApiKeyTrial",
  "putApiKeyTrial",
  "deleteApiKeyTrial",
  "promoteApiKeyTrial",
  "editApiKey",
  "disableApiKey",
  "enableApiKey",
  "rotateApiKey",
  "changeApiKeyRotation",
  "cancelApiKeyRotation",
  "bulkRevokeApiKeys",
  "updateNetworkAllowList",
  "replaceNetworkAllowList",
  "listOperators",
  "createOperator",
  "getOperator",
  "updateOperator",
  "deleteOperator",
  "listEndpoints",
  "createEndpoint",
  "getEndpoint",
  "updateEndpoint",
  "deleteEndpoint",
  "rotateEndpointSecret",
  "listDeliveries",
  "redeliverEvents",
  "testEndpoint",
  "getSelf",
  "getAccountPolicy",
  "putAccountPolicy",
  "listApprovals",
  "getApproval",
  "approveChange",
  "rejectChange",
];

describe("the operation table", () => {
  it("has no word of one API in core, gateway and store", () => {
    const folders = ["core", "gateway", "store"];
    const files = folders.flatMap((folder) =>
      readdirSync(`src/${folder}`, { recursive: true, encoding: "utf8" }).map((path) => `src/${folder}/${path}`),
    );
    const sources = files.filter((path) => path.endsWith(".ts"));
    expect(sources.length).toBeGreaterThan(100);
    const words = /aeon|yugabyte|\b(?:CLUSTER|BACKUP|VPC):[A-Z]/i;
    expect(sources.filter((path) => words.test(readFileSync(path, "utf8")))).toEqual([]);
  });

  it("has the 138 operations of Aeon, and our own", () => {
    expect(rows).toHaveLength(138 + OUR_OWN.length);
  });

  it("has a canonical path template in every row", () => {
    for (const { path } of rows) {
      expect(path).toMatch(/^\/api\/public\/v1(\/([a-z0-9]+(-[a-z0-9]+)*|\{[a-z][A-Za-z]*\}))+$/);
    }
  });

  it("has no operationId twice", () => {
    expect(new Set(rows.map((row) => row.operationId)).size).toBe(rows.length);
  });

  it("has no method and path twice, with any names of the parameters", () => {
    const shapes = rows.map((row) => `${row.method} ${row.path.replace(/\{\w+\}/g, "{}")}`);
    expect(new Set(shapes).size).toBe(rows.length);
  });

  it("requires only permissions of the catalog", () => {
    for (const { permission } of rows) if (permission !== null) expect(ALL_PERMISSIONS).toContain(permission);
  });

  it("marks GET and explanations as safe, and all other operations as mutating", () => {
    for (const { operationId, method, effect } of rows) {
      expect(effect).toBe(method === "GET" || operationId === "explainRefusal" ? "safe" : "mutating");
    }
  });

  it("requires no permission of these operations only", () => {
    expect(rows.filter((row) => row.permission === null).map((row) => row.operationId)).toEqual([
      "getPing",
      "getCurrentAccount",
      "listAccounts",
      "getSupportedNodeConfigurationsByAccount",
      "getSupportedCloudRegionsByAccount",
      "getConnectionCertificate",
      "listResourcePermissions",
      "getSelf",
    ]);
  });

  it("requires READ of safe operations, and another permission of mutating ones", () => {
    for (const { operationId, effect, permission } of rows) {
      if (permission === null || operationId === "getBillingEstimate") continue;
      expect([operationId, permission.endsWith(":READ")]).toEqual([operationId, effect === "safe"]);
    }
  });

  it("has Gatehouse serve audit, keys, operators, endpoints, project allow lists, roles and permissions", () => {
    // Typed, so that it also shows that the compiler knows each of them by name.
    const expected: readonly GatehouseOperationId[] = [
      "listAuditEvents",
      "exportAuditEvents",
      "getAuditHead",
      "listRefusals",
      "listApiKeys",
      "explainRefusal",
      "bulkRevokeApiKeys",
      "createApiKey",
      "getApiKey",
      "editApiKey",
      "revokeApiKey",
      "disableApiKey",
      "enableApiKey",
      "rotateApiKey",
      "changeApiKeyRotation",
      "cancelApiKeyRotation",
      "getApiKeyTrial",
      "putApiKeyTrial",
      "deleteApiKeyTrial",
      "promoteApiKeyTrial",
      "getAccountPolicy",
      "putAccountPolicy",
      "listApprovals",
      "getApproval",
      "approveChange",
      "rejectChange",
      "listOperators",
      "createOperator",
      "getOperator",
      "updateOperator",
      "deleteOperator",
      "listEndpoints",
      "createEndpoint",
      "getEndpoint",
      "updateEndpoint",
      "deleteEndpoint",
      "rotateEndpointSecret",
      "listDeliveries",
      "redeliverEvents",
      "testEndpoint",
      "listResourcePermissions",
      "getSelf",
      "listRbacRoles",
      "createRole",
      "getRole",
      "updateRole",
      "deleteRole",
      "listNetworkAllowLists",
      "createNetworkAllowList",
      "getNetworkAllowList",
      "updateNetworkAllowList",
      "replaceNetworkAllowList",
      "deleteNetworkAllowList",
    ];
    const answered = rows.filter((row) => row.handledBy === "gatehouse").map((row) => row.operationId);
    expect(answered).toEqual(expected);
  });

  it("allows a key only to read, revoke, disable and rotate itself without a permission", () => {
    expect(rows.filter((row) => row.selfParam !== undefined).map((row) => row.operationId)).toEqual([
      "getApiKey",
      "revokeApiKey",
      "disableApiKey",
      "rotateApiKey",
    ]);
    expect(rows.filter((row) => row.selfAlways).map((row) => row.operationId)).toEqual([
      "revokeApiKey",
      "disableApiKey",
    ]);
    for (const { selfParam: holder, path } of rows) if (holder !== undefined) expect(path).toContain(`{${holder}}`);
  });
});

describe("the account of a path", () => {
  it("is the value of its parameter in every row that has one", () => {
    const withAccount = rows.filter((row) => row.path.includes("{accountId}"));
    expect(withAccount.length).toBeGreaterThan(100);
    for (const row of withAccount) {
      expect(accountOf(row, { accountId: "ACC-1" })).toBe("acc-1");
      expect(accountIn(row.path.replace("{accountId}", "acc-1"), table)).toBe("acc-1");
    }
  });

  it("is also the value of a parameter with another name in the same place", () => {
    const row = (operationId: string, path: string) =>
      ({ operationId, method: "GET", path, permission: null, effect: "safe" }) as const;
    const operations = [
      row("orders", "/v1/accounts/{account_id}/orders"),
      row("account", "/v1/accounts/{id}"),
      row("roles", "/v1/accounts/{accountId}/roles"),
      row("close", "/v1/accounts/{id}:close"),
      row("files", "/v1/accounts/{path...}"),
      row("shouted", "/V1/Accounts/{ID}/x"),
      row("current", "/v1/accounts/current"),
      row("products", "/v1/products/{id}"),
    ];
    const parameters = { account: "account_id", project: null, cluster: null };
    const own = compileTable(operationsOf({ operations, parameters }, "/gatehouse/v1"));
    const accountIdOf = (path: string) => matchOperation("GET", `/v1/${path}`, "", own);
    for (const path of ["accounts/B/orders", "accounts/B", "accounts/B/roles", "accounts/B:close", "accounts/B/a/b"]) {
      expect(accountIdOf(path)).toMatchObject({ accountId: "b" });
    }
    expect(matchOperation("GET", "/V1/Accounts/B/x", "", own)).toMatchObject({ accountId: "b" });
    for (const path of ["accounts/current", "products/B"]) expect(accountIdOf(path)).toMatchObject({ accountId: null });
  });

  it("is none in the other rows", () => {
    for (const row of rows) {
      if (row.path.includes("{accountId}")) continue;
      expect(accountOf(row, {})).toBeNull();
      expect(accountIn(row.path, table)).toBeNull();
    }
  });

  test.each([
    [`${ACCOUNT_SCOPE}b`, "b"],
    [`${ACCOUNT_SCOPE}b/`, "b"],
    [`${ACCOUNT_SCOPE}b/not/in/the/table`, "b"],
    ["/API/Public/V1/ACCOUNTS/B/clusters", "b"],
    [`${ACCOUNT_SCOPE}531AF27A-614C-472F-8EDB-A0F9322F0838/x`, "531af27a-614c-472f-8edb-a0f9322f0838"],
    [ACCOUNT_SCOPE, null],
    ["/api/public/v1/accounts", null],
    ["/api/public/v1/accountsx/b", null],
    ["/api/public/v2/accounts/b", null],
    ["/x/api/public/v1/accounts/b", null],
    ["/", null],
  ])("of an unknown operation, %s, is %s", (path, expected) => {
    expect(accountIn(path, table)).toBe(expected);
  });
});

describe("isGatehousePath", () => {
  it("reserves every operation that Gatehouse serves, and none that the upstream serves", () => {
    for (const { path, handledBy } of rows) {
      const call = path.replace(/\{\w+\}/g, "x");
      expect([path, isGatehousePath(call)]).toEqual([path, handledBy === "gatehouse"]);
    }
  });

  test.each(["/{bucket}", "/{a}/{b}/{c}/{d}/{e}/{f}", "/api/public/v1/{x}/{y}/roles/{z}"])(
    "never reaches the upstream, although its API has %s",
    (path) => {
      const operations = [{ operationId: "theirs", method: "GET", path, permission: null, effect: "safe" } as const];
      const parameters = { account: null, project: null, cluster: null };
      const overlapping = compileTable(operationsOf({ operations, parameters }, DEFAULT_MANAGEMENT_PREFIX), "/");
      const reserved = ["/console", `${A}/api-keys/x/rotate`, `${A}/Roles/x/y`, "/.Well-Known/Gatehouse/x"];
      for (const call of reserved) expect(matchOperation("GET", call, "", overlapping)).toHaveProperty("reason");
    },
  );

  it("moves with the management prefix, and leaves the default one to the upstream", () => {
    const moved = compileTable(operationsOf(api, "/gatehouse/v1"), "/", "/gatehouse/v1");
    expect(matchOperation("GET", `${A.replace("/api/public", "/gatehouse")}/api-keys`, "", moved)).toMatchObject({
      operation: { operationId: "listApiKeys" },
    });
    expect(matchOperation("GET", `${A}/api-keys`, "", moved)).toMatchObject({ operation: null });
  });

  test.each([
    `${A}/api-keys`,
    `${A}/api-keys/`,
    `${A}/api-keys/x/rotate/now`,
    `${A}/API-KEYS`,
    `${A.toUpperCase()}/Api-Keys/x`,
    `${A}/roles/x/users`,
    `${A}/Roles`,
    `${P}/allow-lists/x/y`,
    `${P}/Allow-Lists`,
    "/api/public/v1/auth/permissions",
    "/api/public/v1/AUTH/permissions/x",
  ])("reserves %s", (path) => {
    expect(isGatehousePath(path)).toBe(true);
  });

  test.each([
    `${P}/clusters/c/allow-lists`,
    `${P}/clusters/allow-lists`,
    `${A}/users/u/roles`,
    `${A}/api-keys2`,
    `${A}/api-key`,
    `${A}/projects/api-keys`,
    `${A}/x/api-keys`,
    `${A}/allow-lists`,
    "/api/public/v1/auth",
    "/api/public/v1/accounts/api-keys",
    "/api/public/v2/auth/permissions",
    `/x${A}/api-keys`,
    "/",
  ])("does not reserve %s", (path) => {
    expect(isGatehousePath(path)).toBe(false);
  });
});
