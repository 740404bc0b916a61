// Privilege escalation over random graphs of keys, roles and operators: no sequence of changes gives any of them a
// permission, at a time and from an address, that neither it nor the principal behind the changes had.
import { expect, it } from "vitest";
import type { Permission } from "../../../src/core/access/permissions.ts";
import {
  escalationsOfHolders,
  escalationsOfKey,
  escalationsOfOperator,
  escalationsOfRevocation,
  escalationsOfRole,
  type Grantor,
} from "../../../src/core/access/privilege-escalation.ts";
import { ADMIN, compileGrant, DEVELOPER, type Grant, hasPermission, VIEWER } from "../../../src/core/access/roles.ts";
import { compileStoredRules, containsAddress } from "../../../src/core/ip/cidr.ts";
import { type Address, parseAddress } from "../../../src/core/ip/ip-address.ts";
import { NOW } from "../../support/key.ts";
import { type Random, rounds, seededRandom } from "../../support/random.ts";

const GRAPHS = rounds(1_000);
const STEPS = 40;

const PERMISSIONS: readonly Permission[] = [
  "API_KEY:CREATE",
  "API_KEY:REVOKE",
  "ROLE:UPDATE",
  "ACCOUNT_USER:CREATE",
  "CLUSTER:READ",
  "CLUSTER:CREATE",
  "BACKUP:RESTORE",
];
const RULES = [null, ["10.0.0.0/8"], ["10.1.0.0/16"], ["192.0.2.0/24", "10.1.0.0/16"], ["2001:db8::/32"]] as const;
const ADDRESSES = ["10.0.0.1", "10.1.0.1", "192.0.2.1", "203.0.113.1", "2001:db8::1"].map(
  (text) => parseAddress(text) as Address,
);
const TIMES = [0, 1, 2, 3].map((hours) => NOW + hours * 3_600_000);
const EXPIRIES = [null, ...TIMES];

interface Principal {
  readonly id: number;
  readonly operator: boolean;
  roleId: number;
  expiresAt: number | null;
  rules: readonly string[] | null;
  gone: boolean;
}

interface Graph {
  readonly roles: Grant[];
  readonly principals: Principal[];
}

function aGraph({ pick, below }: Random): Graph {
  const own = () => compileGrant(PERMISSIONS.filter(() => below(2) === 0));
  const roles = [ADMIN.grant, DEVELOPER.grant, VIEWER.grant, own(), own(), own()];
  const principals = Array.from({ length: 6 }, (_, id): Principal => {
    const operator = below(3) === 0;
    const rules = operator ? null : pick(RULES);
    return { id, operator, roleId: below(roles.length), expiresAt: pick(EXPIRIES), rules, gone: false };
  });
  return { roles, principals };
}

/** The access of a principal, as points: what, from where, when. */
function accessOf({ roles }: Graph, { roleId, expiresAt, rules, gone }: Principal): Set<string> {
  const access = new Set<string>();
  if (gone) return access;
  const grant = roles[roleId] as Grant;
  const compiled = addressesOf(rules);
  const can = [
    ...PERMISSIONS.filter((permission) => hasPermission(grant, permission)),
    ...(grant.everything ? ["unknown"] : []),
  ];
  for (const [i, address] of ADDRESSES.entries()) {
    if (compiled !== null && !containsAddress(compiled, address)) continue;
    for (const at of TIMES)
      if (expiresAt === null || at < expiresAt) for (const what of can) access.add(`${what} ${i} ${at}`);
  }
  return access;
}

function grantorOf({ roles }: Graph, { id, roleId, expiresAt, rules }: Principal): Grantor & { readonly id: string } {
  const grant = roles[roleId] as Grant;
  return { id: String(id), role: { grant }, expiresAt, addresses: addressesOf(rules) };
}

function addressesOf(rules: readonly string[] | null) {
  return rules === null ? null : compileStoredRules(rules);
}

/** One random change by a principal. @returns whether the rules allowed it */
function attempt(graph: Graph, actor: Principal, random: Random): boolean {
  const { roles, principals } = graph;
  const { pick, below } = random;
  const grantor = grantorOf(graph, actor);
  const roleId = below(roles.length);
  const [expiresAt, rules] = [pick(EXPIRIES), pick(RULES)];
  const target = pick(principals);
  const after = roles[roleId] as Grant;
  switch (below(6)) {
    case 0: {
      if (escalationsOfKey(grantor, { grant: after, expiresAt, addresses: addressesOf(rules) }).length > 0)
        return false;
      principals.push({ id: principals.length, operator: false, roleId, expiresAt, rules, gone: false });
      return true;
    }
    case 1: {
      if (escalationsOfOperator(grantor, null, { grant: after, expiresAt }).length > 0) return false;
      principals.push({ id: principals.length, operator: true, roleId, expiresAt, rules: null, gone: false });
      return true;
    }
    case 2: {
      const had = roles[target.roleId] as Grant;
      if (
        !target.operator ||
        target.gone ||
        escalationsOfOperator(grantor, had, { grant: after, expiresAt }).length > 0
      )
        return false;
      Object.assign(target, { roleId, expiresAt });
      return true;
    }
    case 3: {
      const made = compileGrant(PERMISSIONS.filter(() => below(2) === 0));
      if (escalationsOfRole(grantor, null, made).length > 0) return false;
      roles.push(made);
      return true;
    }
    case 4: {
      const changed = compileGrant(PERMISSIONS.filter(() => below(2) === 0));
      const holders = principals
        .filter((each) => !each.gone && each.roleId === roleId)
        .map((each) => ({ name: String(each.id), expiresAt: each.expiresAt, addresses: addressesOf(each.rules) }));
      // The first three are built in.
      if (roleId < 3 || escalationsOfRole(grantor, after, changed).length > 0) return false;
      if (escalationsOfHolders(grantor, after, changed, holders).length > 0) return false;
      roles[roleId] = changed;
      return true;
    }
    default: {
      if (escalationsOfRevocation(grantor, String(target.id), roles[target.roleId] as Grant).length > 0) return false;
      target.gone = true;
      return true;
    }
  }
}

it("gives no principal access that neither it nor the one behind the changes had, over random changes", () => {
  const random = seededRandom(7);
  let allowed = 0;
  for (let i = 0; i < GRAPHS; i++) {
    const graph = aGraph(random);
    const [attacker] = graph.principals as [Principal];
    const before = graph.principals.map((each) => accessOf(graph, each));
    const limit = before[0] as Set<string>;
    const reach = new Set([attacker.id]);
    for (let step = 0; step < STEPS && !attacker.gone; step++) {
      const actor = random.pick(graph.principals.filter((each) => reach.has(each.id) && !each.gone));
      const known = graph.principals.length;
      if (attempt(graph, actor, random)) allowed += 1;
      // The attacker can use whatever it has created.
      if (graph.principals.length > known) reach.add(known);
      for (const each of graph.principals) {
        for (const point of accessOf(graph, each)) {
          if (!limit.has(point) && !before[each.id]?.has(point)) {
            expect.fail(`graph ${i}, step ${step}: principal ${each.id} has gained ${point}`);
          }
        }
      }
    }
  }
  // Enough was allowed for the property to mean something.
  expect(allowed).toBeGreaterThan(GRAPHS);
}, 120_000);
