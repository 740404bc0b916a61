// Authority never grows: over random graphs of keys, roles and operators, whatever one of them does with the rules of
// core/authority.ts, nobody ends up with a permission, at an instant, from an address, that was not theirs or the doer's.
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
import { compileRules, containsAddress } from "../../../src/core/ip/cidr.ts";
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
const INSTANTS = [0, 1, 2, 3].map((hours) => NOW + hours * 3_600_000);
const EXPIRIES = [null, ...INSTANTS];

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

/** Everything that somebody can do: what, from where, when. */
function powerOf({ roles }: Graph, { roleId, expiresAt, rules, gone }: Principal): Set<string> {
  const power = new Set<string>();
  if (gone) return power;
  const grant = roles[roleId] as Grant;
  const compiled = rules === null ? null : compileRules(rules);
  const can = [
    ...PERMISSIONS.filter((permission) => hasPermission(grant, permission)),
    ...(grant.everything ? ["unknown"] : []),
  ];
  for (const [i, address] of ADDRESSES.entries()) {
    if (compiled !== null && !containsAddress(compiled, address)) continue;
    for (const at of INSTANTS)
      if (expiresAt === null || at < expiresAt) for (const what of can) power.add(`${what} ${i} ${at}`);
  }
  return power;
}

function makerOf({ roles }: Graph, { id, roleId, expiresAt, rules }: Principal): Grantor & { readonly id: string } {
  const grant = roles[roleId] as Grant;
  return { id: String(id), role: { grant }, expiresAt, addresses: rules === null ? null : compileRules(rules) };
}

/** One attempt of somebody to gain something; what the rules refuse does not happen. @returns whether it was let happen */
function attempt(graph: Graph, doer: Principal, random: Random): boolean {
  const { roles, principals } = graph;
  const { pick, below } = random;
  const grantor = makerOf(graph, doer);
  const roleId = below(roles.length);
  const [expiresAt, rules] = [pick(EXPIRIES), pick(RULES)];
  const target = pick(principals);
  const after = roles[roleId] as Grant;
  switch (below(6)) {
    case 0: {
      if (escalationsOfKey(grantor, { grant: after, expiresAt, rules }).length > 0) return false;
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
        .map((each) => ({ name: String(each.id), expiresAt: each.expiresAt, rules: each.rules }));
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

it("never gives anybody what was neither theirs nor the doer's, whatever is made and changed", () => {
  const random = seededRandom(7);
  let happened = 0;
  for (let i = 0; i < GRAPHS; i++) {
    const graph = aGraph(random);
    const [thief] = graph.principals as [Principal];
    const before = graph.principals.map((each) => powerOf(graph, each));
    const limit = before[0] as Set<string>;
    const reach = new Set([thief.id]);
    for (let step = 0; step < STEPS && !thief.gone; step++) {
      const doer = random.pick(graph.principals.filter((each) => reach.has(each.id) && !each.gone));
      const known = graph.principals.length;
      if (attempt(graph, doer, random)) happened += 1;
      // Whatever they make is theirs to use from then on.
      if (graph.principals.length > known) reach.add(known);
      for (const each of graph.principals) {
        for (const point of powerOf(graph, each)) {
          if (!limit.has(point) && !before[each.id]?.has(point)) {
            expect.fail(`graph ${i}, step ${step}: principal ${each.id} has gained ${point}`);
          }
        }
      }
    }
  }
  // Enough was allowed for the property to mean something.
  expect(happened).toBeGreaterThan(GRAPHS);
}, 120_000);
