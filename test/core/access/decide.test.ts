import { describe, expect, it, test } from "vitest";
import { decide, type RequestFacts } from "../../../src/core/access/decide.ts";
import type { Denial } from "../../../src/core/access/decision.ts";
import type { KeyRecord } from "../../../src/core/access/principal.ts";
import { ADMIN, ALL_PERMISSIONS, DEVELOPER, VIEWER } from "../../../src/core/access/roles.ts";
import { compileStoredRules } from "../../../src/core/ip/cidr.ts";
import { type Address, parseAddress } from "../../../src/core/ip/ip-address.ts";
import { OPERATIONS, type Operation } from "../../../src/core/routing/operations.ts";
import { ACCOUNT_ID, aKey, aRole, NOW } from "../../support/key.ts";
import { rounds } from "../../support/random.ts";

const OTHER_ACCOUNT = "5a5b9a0c-7c3e-4f0b-8a55-0b1f7c2d3e04";
const HOME = address("192.0.2.7");
const AWAY = address("203.0.113.9");
const HOME_ONLY = compileStoredRules(["192.0.2.0/24"]);
const NOBODY = compileStoredRules([]);

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`not an address: ${text}`);
  return parsed;
}

function operation(operationId: (typeof OPERATIONS)[number]["operationId"]): Operation {
  return OPERATIONS.find((row) => row.operationId === operationId) as Operation;
}

/** A read of the account's clusters, from home. */
function aRequest(changes: Partial<RequestFacts> = {}): RequestFacts {
  return { address: HOME, accountId: ACCOUNT_ID, operation: operation("listClusters"), params: {}, ...changes };
}

/** The denial of a request, or `null` when it is allowed. */
function denialOf(key: KeyRecord | null, facts: RequestFacts, now = NOW): Denial | null {
  const decision = decide(key, facts, now);
  return decision.allow ? null : decision.denial;
}

describe("decide", () => {
  it("allows a request that passes every check, and returns the key", () => {
    const key = aKey();
    expect(decide(key, aRequest(), NOW)).toEqual({ allow: true, principal: key });
  });

  // Everything that can be wrong with a key and a request, in the order of the contract.
  const errors: [title: string, key: Partial<KeyRecord>, call: Partial<RequestFacts>, denial: Denial][] = [
    ["a revoked key", { revokedAt: NOW - 5 }, {}, { reason: "key_revoked", revokedAt: NOW - 5 }],
    ["a canary key", { disabledAt: NOW - 5, canary: true }, {}, { reason: "key_canary" }],
    ["a disabled key", { disabledAt: NOW - 5 }, {}, { reason: "key_disabled", disabledAt: NOW - 5 }],
    ["an expired key", { expiresAt: NOW - 1 }, {}, { reason: "key_expired", expiredAt: NOW - 1 }],
    ["another address", { addresses: HOME_ONLY }, { address: AWAY }, { reason: "address_not_allowed" }],
    ["another account", {}, { accountId: OTHER_ACCOUNT }, { reason: "account_mismatch" }],
    [
      "a missing permission",
      { role: aRole("TRACK:READ") },
      {},
      { reason: "permission_missing", permission: "CLUSTER:READ" },
    ],
  ];

  it("denies every request when no key has the hash", () => {
    expect(denialOf(null, aRequest())).toEqual({ reason: "key_unknown" });
    expect(denialOf(null, aRequest({ operation: operation("getPing"), accountId: null }))).toEqual({
      reason: "key_unknown",
    });
  });

  test.each(errors)("denies a request for %s", (_title, key, call, denial) => {
    expect(denialOf(aKey(key), aRequest(call))).toEqual(denial);
  });

  const pairs = errors.flatMap((first, i) => errors.slice(i + 1).map((second) => [first[0], second[0], first, second]));
  test.each(pairs as [string, string, (typeof errors)[number], (typeof errors)[number]][])(
    "denies a request for %s before %s",
    (_first, _second, first, second) => {
      const [, key, call, denial] = first;
      expect(denialOf(aKey({ ...second[1], ...key }), aRequest({ ...second[2], ...call }))).toEqual(denial);
    },
  );

  it("denies a request for the first reason when all apply", () => {
    const key = Object.assign({}, ...errors.map(([, changes]) => changes));
    const call = Object.assign({}, ...errors.map(([, , changes]) => changes));
    expect(denialOf(aKey(key), aRequest(call))?.reason).toBe("key_revoked");
  });
});

describe("decide, on the restrictions of a key", () => {
  test.each([
    [-1, null],
    [0, { reason: "key_expired", expiredAt: NOW }],
    [1, { reason: "key_expired", expiredAt: NOW }],
  ])("decides %d ms after the expiry of a key: %j", (later, denial) => {
    expect(denialOf(aKey({ expiresAt: NOW }), aRequest(), NOW + later)).toEqual(denial);
  });

  it("denies a revoked key, also before its revocation by this clock", () => {
    expect(denialOf(aKey({ revokedAt: NOW + 60_000 }), aRequest())?.reason).toBe("key_revoked");
  });

  it("denies a key whose times are not numbers", () => {
    expect(denialOf(aKey({ expiresAt: Number.NaN }), aRequest())?.reason).toBe("key_expired");
    expect(denialOf(aKey({ expiresAt: NOW + 1 }), aRequest(), Number.NaN)?.reason).toBe("key_expired");
    expect(denialOf(aKey({ revokedAt: Number.NaN }), aRequest())?.reason).toBe("key_revoked");
  });

  test.each([
    ["without a list, from anywhere", null, AWAY, null],
    ["without a list, from an unreadable address", null, null, null],
    ["with a list, from home", HOME_ONLY, HOME, null],
    ["with a list, from elsewhere", HOME_ONLY, AWAY, "address_not_allowed"],
    ["with a list, from an unreadable address", HOME_ONLY, null, "address_not_allowed"],
    ["with an empty list, from home", NOBODY, HOME, "address_not_allowed"],
    [
      "with a list of everything, from an unreadable address",
      compileStoredRules(["0.0.0.0/0"]),
      null,
      "address_not_allowed",
    ],
  ])("checks the address of a key %s", (_title, addresses, from, reason) => {
    expect(denialOf(aKey({ addresses }), aRequest({ address: from }))?.reason ?? null).toBe(reason);
  });

  it("allows a path that names no account", () => {
    expect(denialOf(aKey(), aRequest({ accountId: null }))).toBeNull();
  });

  it("denies the id of the own account in another case, which the path is not read in", () => {
    expect(denialOf(aKey(), aRequest({ accountId: ACCOUNT_ID.toUpperCase() }))?.reason).toBe("account_mismatch");
  });
});

describe("decide, on permissions", () => {
  it("allows every valid key an operation that requires no permission", () => {
    const call = aRequest({ operation: operation("getCurrentAccount"), accountId: null });
    expect(denialOf(aKey({ role: aRole() }), call)).toBeNull();
    expect(denialOf(aKey({ role: aRole(), revokedAt: NOW }), call)?.reason).toBe("key_revoked");
  });

  it("denies DELETE without the operation's permission", () => {
    for (const row of OPERATIONS.filter(({ method }) => method === "DELETE")) {
      const { permission } = row;
      const others = ALL_PERMISSIONS.filter((each) => each !== permission);
      const denial = { reason: "permission_missing", permission };
      expect(denialOf(aKey({ role: aRole(...others) }), aRequest({ operation: row }))).toEqual(denial);
    }
  });

  it("denies an unknown operation to every role but Admin", () => {
    const unknown = aRequest({ operation: null });
    const denial = { reason: "permission_missing", permission: null };
    expect(denialOf(aKey({ role: ADMIN }), unknown)).toBeNull();
    expect(denialOf(aKey({ role: DEVELOPER }), unknown)).toEqual(denial);
    expect(denialOf(aKey({ role: VIEWER }), unknown)).toEqual(denial);
    expect(denialOf(aKey({ role: aRole(...ALL_PERMISSIONS) }), unknown)).toEqual(denial);
  });

  it("denies an Admin the paths of another account", () => {
    const call = aRequest({ operation: null, accountId: OTHER_ACCOUNT });
    expect(denialOf(aKey({ role: ADMIN }), call)?.reason).toBe("account_mismatch");
  });

  const keyId = aKey().id;
  test.each([
    ["read itself", "getApiKey", { apiKeyId: keyId }, {}, null],
    ["revoke itself", "revokeApiKey", { apiKeyId: keyId }, {}, null],
    ["read another", "getApiKey", { apiKeyId: "another" }, {}, "permission_missing"],
    ["revoke another", "revokeApiKey", { apiKeyId: "another" }, {}, "permission_missing"],
    ["revoke itself in another case", "revokeApiKey", { apiKeyId: keyId.toUpperCase() }, {}, null],
    ["revoke nothing in particular", "revokeApiKey", {}, {}, "permission_missing"],
    ["list keys under its own id", "listApiKeys", { apiKeyId: keyId }, {}, "permission_missing"],
    ["read itself once revoked", "getApiKey", { apiKeyId: keyId }, { revokedAt: NOW }, "key_revoked"],
    ["revoke itself from elsewhere", "revokeApiKey", { apiKeyId: keyId }, { addresses: NOBODY }, null],
    ["read itself from elsewhere", "getApiKey", { apiKeyId: keyId }, { addresses: NOBODY }, "address_not_allowed"],
    ["revoke another from elsewhere", "revokeApiKey", { apiKeyId: "b" }, { addresses: NOBODY }, "address_not_allowed"],
    ["revoke itself once expired", "revokeApiKey", { apiKeyId: keyId }, { expiresAt: NOW }, "key_expired"],
  ] as const)("decides whether a key may %s", (_title, operationId, params, changes, reason) => {
    const key = aKey({ role: aRole(), ...changes });
    expect(denialOf(key, aRequest({ operation: operation(operationId), params }))?.reason ?? null).toBe(reason);
  });
});

describe(`decide, over ${rounds(120_000)} random requests`, () => {
  it("agrees with a second, naive implementation of the rules", () => {
    const random = randomFrom(20260203);
    const from = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T;
    const pick = <T>(...choices: readonly T[]) => from(choices);
    const custom = ALL_PERMISSIONS.map((permission) => aRole(permission));
    const operations = [
      null,
      operation("getApiKey"),
      operation("revokeApiKey"),
      operation("disableApiKey"),
      ...OPERATIONS,
    ];
    const seen = new Map<string, number>();
    for (let i = 0; i < rounds(120_000); i++) {
      const key = aKey({
        role: pick(ADMIN, DEVELOPER, VIEWER, from(custom), aRole()),
        revokedAt: pick(null, null, null, null, NOW - 1, NOW + 1),
        disabledAt: pick(null, null, null, null, NOW),
        canary: pick(true, false),
        expiresAt: pick(null, null, NOW - 1, NOW, NOW + 1, NOW + 1000),
        addresses: pick(null, null, HOME_ONLY, NOBODY),
      });
      const facts: RequestFacts = {
        address: pick(HOME, HOME, AWAY, null),
        accountId: pick(ACCOUNT_ID, ACCOUNT_ID, null, OTHER_ACCOUNT),
        operation: from<Operation | null>(operations),
        params: pick({}, { apiKeyId: key.id }, { apiKeyId: "another" }),
      };
      const record = random() < 0.02 ? null : key;
      const reason = denialOf(record, facts)?.reason ?? "allowed";
      // One assertion per request would take longer than the requests.
      if (reason !== naive(record, facts))
        expect.fail(`${reason}, not ${naive(record, facts)}: ${describeCase(key, facts)}`);
      seen.set(reason, (seen.get(reason) ?? 0) + 1);
    }
    expect(seen.size).toBe(9);
    for (const count of seen.values()) expect(count).toBeGreaterThan(rounds(300));
  });
});

/** The rules as they are documented: all denials first, then the first of them. */
function naive(key: KeyRecord | null, facts: RequestFacts): string {
  const denials: string[] = [];
  if (key) {
    const isHome = facts.address === HOME;
    const wanted = facts.operation ? facts.operation.permission : "everything";
    const itself = facts.params.apiKeyId === key.id ? (facts.operation?.operationId ?? "") : "";
    const endsItself = ["revokeApiKey", "disableApiKey"].includes(itself);
    const isSelf = ["getApiKey", "rotateApiKey"].includes(itself) || endsItself;
    const isAdmin = key.role.name === "account_admin";
    const listed = wanted !== null && [...key.role.grant.permissions].some((each) => each === wanted);
    if (!(wanted === null || isAdmin || listed || isSelf)) denials.unshift("permission_missing");
    if (![key.accountId, null].includes(facts.accountId)) denials.unshift("account_mismatch");
    const isAway = key.addresses === NOBODY || (key.addresses === HOME_ONLY && !isHome);
    if (isAway && !endsItself) denials.unshift("address_not_allowed");
    if ((key.expiresAt ?? Number.POSITIVE_INFINITY) - NOW <= 0) denials.unshift("key_expired");
    if (key.disabledAt !== null) denials.unshift(key.canary ? "key_canary" : "key_disabled");
    if (typeof key.revokedAt === "number") denials.unshift("key_revoked");
  } else {
    denials.push("key_unknown");
  }
  return denials[0] ?? "allowed";
}

function describeCase(key: KeyRecord, facts: RequestFacts): string {
  return JSON.stringify(
    { ...key, role: key.role.name, ...facts, operation: facts.operation?.operationId },
    (_, value) => (typeof value === "bigint" ? String(value) : value),
  );
}

/** Repeatable numbers from 0 up to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
