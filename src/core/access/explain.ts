// Why a verdict is what it is, in the words of whoever has to mend it. The verdict and its steps come from decide.ts; here
// they are only told, with what each of them was weighed against.

import { closestRule, matchingRule, type Nearness } from "../ip/cidr.ts";
import { type CheckName, type RequestFacts, type Step, trace } from "./decide.ts";
import type { Reason } from "./decision.ts";
import type { KeyRecord } from "./principal.ts";
import { hasPermission } from "./roles.ts";

/** An allow list as it is explained: with its name and its rules one by one. */
export interface NamedRules {
  readonly id: string;
  readonly name: string;
  readonly rules: readonly string[];
}

/** One question, its answer, and what was compared. */
export interface ExplainedStep {
  readonly check: CheckName | "signature" | "break_glass" | "operation" | "key";
  /** `not_asked`: nothing here to ask it about. */
  readonly outcome: "passed" | "refused" | "not_asked";
  readonly reason: Reason | null;
  readonly message: string;
  /** What was compared, for machines. */
  readonly compared: Readonly<Record<string, unknown>>;
}

export interface Explanation {
  readonly allow: boolean;
  /** The first refusal, which is what the caller is told. */
  readonly reason: Reason | null;
  readonly steps: readonly ExplainedStep[];
}

/** The words around a call that its facts have no need of. */
export interface ExplainedRequest {
  readonly method: string;
  readonly path: string;
  /** As it was given; `null`: none. */
  readonly address: string | null;
}

/**
 * Explain the verdict over one call and one key.
 *
 * @param lists the key's own lists, in its order
 */
export function explain(
  key: KeyRecord,
  facts: RequestFacts,
  now: number,
  asked: ExplainedRequest,
  lists: readonly NamedRules[],
): Explanation {
  const { decision, steps } = trace(key, facts, now);
  return {
    allow: decision.allow,
    reason: decision.allow ? null : decision.denial.reason,
    steps: steps.map((step) => describe(step, key, facts, now, asked, lists)),
  };
}

function describe(
  step: Step,
  key: KeyRecord,
  facts: RequestFacts,
  now: number,
  asked: ExplainedRequest,
  lists: readonly NamedRules[],
): ExplainedStep {
  const { message, compared } = DESCRIBERS[step.check]({
    key,
    facts,
    now,
    asked,
    lists,
    refused: step.denial !== null,
  });
  const outcome = step.denial === null ? "passed" : "refused";
  return { check: step.check, outcome, reason: step.denial?.reason ?? null, message, compared };
}

interface Description {
  readonly key: KeyRecord;
  readonly facts: RequestFacts;
  readonly now: number;
  readonly asked: ExplainedRequest;
  readonly lists: readonly NamedRules[];
  readonly refused: boolean;
}

type Describer = (told: Description) => Pick<ExplainedStep, "message" | "compared">;

const DESCRIBERS: Readonly<Record<CheckName, Describer>> = {
  revocation: ({ key }) => ({
    message: key.revokedAt === null ? "It is not revoked." : `It was revoked at ${formatTime(key.revokedAt)}.`,
    compared: { revoked_at: formatTime(key.revokedAt) },
  }),
  expiry: ({ key, now }) => ({
    message:
      key.expiresAt === null
        ? "It never expires."
        : `It ${now < key.expiresAt ? "expires" : "expired"} at ${formatTime(key.expiresAt)}.`,
    compared: { expires_at: formatTime(key.expiresAt), judged_at: formatTime(now) },
  }),
  address: describeAddress,
  account: ({ key, facts, refused: denied }) => ({
    message:
      facts.accountId === null
        ? "The path names no account."
        : denied
          ? "The path names another account than the one that it belongs to."
          : "The path names the account that it belongs to.",
    compared: { in_path: facts.accountId, of_key: key.accountId },
  }),
  permission: describePermission,
};

function describeAddress({
  key,
  facts,
  asked,
  lists,
  refused: denied,
}: Description): Pick<ExplainedStep, "message" | "compared"> {
  if (key.addresses === null)
    return { message: "It may be used from any address.", compared: { address: asked.address } };
  const { address } = facts;
  const weighed = lists.map(({ id, name, rules }) => ({
    allow_list_id: id,
    allow_list_name: name,
    matched: address === null ? null : matchingRule(rules, address),
    closest: address === null ? null : nearness(closestRule(rules, address)),
  }));
  const hit = weighed.find((list) => list.matched !== null);
  const compared = { address: asked.address, lists: weighed };
  if (address === null) return { message: "The address of the caller is not known or cannot be read.", compared };
  if (denied || hit === undefined)
    return { message: `No rule of its ${lists.length} lists has the address.`, compared };
  return { message: `The rule ${hit.matched} of the list ${hit.allow_list_name} has the address.`, compared };
}

function nearness(near: Nearness | null) {
  return near && { rule: near.rule, shared_bits: near.sharedBits, prefix_length: near.prefixLength };
}

function describePermission({ key, facts, refused: denied }: Description): Pick<ExplainedStep, "message" | "compared"> {
  const { operation } = facts;
  const permission = operation?.permission ?? null;
  const compared = {
    operation_id: operation?.operationId ?? null,
    permission,
    role_id: key.role.id,
    role_name: key.role.name,
    held:
      operation === null ? key.role.grant.everything : permission === null || hasPermission(key.role.grant, permission),
  };
  const role = `The role ${key.role.name}`;
  if (operation === null) {
    const what = "operations that the table does not know, which this is";
    return { message: `${role} ${denied ? "does not cover" : "covers"} ${what}.`, compared };
  }
  if (permission === null) return { message: `${operation.operationId} takes no permission.`, compared };
  if (denied)
    return {
      message: `${operation.operationId} takes ${permission}, which the role ${key.role.name} has not.`,
      compared,
    };
  return compared.held
    ? { message: `${operation.operationId} takes ${permission}, which the role ${key.role.name} has.`, compared }
    : { message: `${operation.operationId} is what a key may always do to itself.`, compared };
}

function formatTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
