// Explains a decision to the owner of a key: each check, its result, and what it compared. The results come from
// decide.ts; this file only describes them.

import type { CanonicalCidr } from "../ip/cidr.ts";
import { closestRule, matchingRule, type Nearness } from "../ip/matching-rule.ts";
import { type CheckName, isAlwaysAllowed, type RequestFacts, type Step, trace } from "./decide.ts";
import type { Reason } from "./decision.ts";
import type { Principal } from "./principal.ts";
import { hasPermission } from "./roles.ts";

/** An allow list as it is explained: with its name and its rules one by one. */
export interface NamedRules {
  readonly id: string;
  readonly name: string;
  readonly rules: readonly CanonicalCidr[];
}

/** One check, its outcome, and what it compared. */
export interface ExplainedStep {
  readonly check: CheckName | "signature" | "break_glass" | "operation" | "key";
  /** `not_asked`: the check does not apply here. */
  readonly outcome: "passed" | "refused" | "not_asked";
  readonly reason: Reason | null;
  readonly message: string;
  /** What was compared, for machines. */
  readonly compared: Readonly<Record<string, unknown>>;
}

export interface Explanation {
  readonly allow: boolean;
  /** The first denial, which is the one that the client gets. */
  readonly reason: Reason | null;
  readonly steps: readonly ExplainedStep[];
}

/** What an explanation repeats of a request beyond its facts. */
export interface ExplainedRequest {
  readonly method: string;
  readonly path: string;
  /** As it was given; `null`: none. */
  readonly address: string | null;
}

/**
 * Explain the decision over one request of one principal.
 *
 * @param now milliseconds since the epoch
 * @param lists the principal's own lists, in its order
 */
export function explain(
  principal: Principal,
  facts: RequestFacts,
  now: number,
  request: ExplainedRequest,
  lists: readonly NamedRules[],
): Explanation {
  const { decision, steps } = trace(principal, facts, now);
  return {
    allow: decision.allow,
    reason: decision.allow ? null : decision.denial.reason,
    steps: steps.map((step) => describe(step, { principal, facts, now, request, lists })),
  };
}

interface Input {
  readonly principal: Principal;
  readonly facts: RequestFacts;
  readonly now: number;
  readonly request: ExplainedRequest;
  readonly lists: readonly NamedRules[];
}

interface CheckedInput extends Input {
  readonly denied: boolean;
}

function describe({ check, denial }: Step, input: Input): ExplainedStep {
  const { message, compared } = DESCRIBERS[check]({ ...input, denied: denial !== null });
  const outcome = denial === null ? "passed" : "refused";
  return { check, outcome, reason: denial?.reason ?? null, message, compared };
}

type Description = Pick<ExplainedStep, "message" | "compared">;

/** Describes the result of one check in a sentence. */
type Describer = (input: CheckedInput) => Description;

const DESCRIBERS: Readonly<Record<CheckName, Describer>> = {
  revocation: ({ principal: { revokedAt, disabledAt, canary } }) => ({
    message:
      revokedAt !== null
        ? `The key was revoked at ${formatTime(revokedAt)}.`
        : disabledAt === null
          ? "The key is neither revoked nor disabled."
          : canary
            ? "The key is a canary key, which never opens."
            : `The key was disabled at ${formatTime(disabledAt)}.`,
    compared: { revoked_at: formatTime(revokedAt), disabled_at: formatTime(disabledAt) },
  }),
  expiry: ({ principal, now }) => ({
    message:
      principal.expiresAt === null
        ? "The key never expires."
        : `The key ${now < principal.expiresAt ? "expires" : "expired"} at ${formatTime(principal.expiresAt)}.`,
    compared: { expires_at: formatTime(principal.expiresAt), judged_at: formatTime(now) },
  }),
  address: describeAddress,
  account: ({ principal, facts, denied }) => ({
    message:
      facts.accountId === null
        ? "The path names no account."
        : denied
          ? "The path names an account that the key does not belong to."
          : "The path names the account that the key belongs to.",
    compared: { in_path: facts.accountId, of_key: principal.accountId },
  }),
  permission: describePermission,
};

function describeAddress({ principal, facts, request, lists, denied }: CheckedInput): Description {
  if (principal.addresses === null)
    return { message: "The key may be used from any address.", compared: { address: request.address } };
  const { address } = facts;
  const results = lists.map(({ id, name, rules }) => ({
    allow_list_id: id,
    allow_list_name: name,
    matched: address === null ? null : matchingRule(rules, address),
    closest: address === null ? null : nearness(closestRule(rules, address)),
  }));
  const compared = { address: request.address, lists: results };
  const hit = results.find((list) => list.matched !== null);
  if (hit === undefined && isAlwaysAllowed(principal, facts)) {
    const message = `${facts.operation?.operationId} is allowed to every key on itself, from any address.`;
    return { message, compared };
  }
  if (address === null) return { message: "The address of the client is missing or cannot be read.", compared };
  if (denied || hit === undefined) {
    const lists = results.length === 1 ? "its IP allow list" : `its ${results.length} IP allow lists`;
    return { message: `The key may not be used from this address: no rule of ${lists} matches it.`, compared };
  }
  return { message: `Rule ${hit.matched} of the IP allow list ${hit.allow_list_name} matches the address.`, compared };
}

function nearness(near: Nearness | null) {
  return near && { rule: near.rule, shared_bits: near.sharedBits, prefix_length: near.prefixLength };
}

function describePermission({ principal, facts, denied }: CheckedInput): Description {
  const { role } = principal;
  const { operation } = facts;
  const permission = operation?.permission ?? null;
  const held =
    operation === null ? role.grant.everything : permission === null || hasPermission(role.grant, permission);
  const compared = {
    operation_id: operation?.operationId ?? null,
    permission,
    role_id: role.id,
    role_name: role.name,
    held,
  };
  if (operation === null) {
    const verb = denied ? "does not cover" : "covers";
    return { message: `The operation is unknown; the role ${role.name} ${verb} unknown operations.`, compared };
  }
  const { operationId } = operation;
  if (permission === null) return { message: `${operationId} requires no permission.`, compared };
  if (denied || held) {
    const verb = denied ? "does not include" : "includes";
    return { message: `${operationId} requires ${permission}; the role ${role.name} ${verb} it.`, compared };
  }
  return { message: `${operationId} is allowed to every key on itself.`, compared };
}

function formatTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
