// The whole story of a call, from top to bottom: credential -> hash -> look-up -> decide -> forward | serve | refuse.
// Knows no table, no binding and no status; whatever throws in here leaves the door shut.
import type { KeyRecord } from "../core/key.ts";
import type { Operation } from "../core/operations.ts";
import { hashToken, readToken, verifyToken } from "../core/token.ts";
import type { Denial, Verdict } from "../core/verdict.ts";
import type { Background, Found, Unconfirmed } from "../store/ports.ts";
import { type Call, logCall, openCall } from "./call.ts";
import { answerConsole } from "./console.ts";
import { allowedOrigin, answerPreflight, isPreflight, readableBy } from "./cors.ts";
import { readCredential } from "./credential.ts";
import type { AuthorisedCall, Door } from "./door.ts";
import { readPath, readTarget, type Target } from "./facts.ts";
import { launch, type NoAnswer, type Onward, sendUpstream } from "./forward.ts";
import { findOperator, type OperatorDoor, type PersonalToken, readPersonalToken } from "./operators.ts";
import { passOn } from "./pass-on.ts";
import { answerFault, answerNoAnswer, refuse } from "./refuse.ts";
import { noteRefusal } from "./refused.ts";
import { noteUse } from "./trial.ts";
import { asksForWebSocket, relay } from "./upgrade.ts";
import { isSafe, judge, recheck, settle } from "./weigh.ts";
import { answerWellKnown } from "./well-known.ts";

/**
 * Answer one call, whatever it is. Never rejects.
 *
 * @param background keeps work alive behind the answer: `ExecutionContext.waitUntil`
 */
export async function answerCall(request: Request, door: Door, background: Background): Promise<Response> {
  const call = openCall(request, door);
  let response: Response;
  try {
    response = await pass(call, door, background);
  } catch (error) {
    // Storage is away, a row cannot be read, or the code is wrong: no answer, no entry.
    call.error = error;
    response = answerFault("unavailable", "The call cannot be decided now. Try again.", call.requestId);
  }
  if (call.denial !== null) noteRefusal(call, call.denial, door, background);
  logCall(call, response.status, door);
  const origin = allowedOrigin(request.headers, door.policy.origins);
  return origin === null ? response : readableBy(origin, response);
}

async function pass(call: Call, door: Door, background: Background): Promise<Response> {
  const { request } = call;

  // What is asked, before anybody is asked who asks.
  const path = readPath(request, door.policy.hosts);
  if (typeof path !== "string") return turnAway(call, path);
  call.path = path;
  const open = path.startsWith("/.well-known/")
    ? await answerWellKnown(call, path, door, background)
    : await answerConsole(call, path, door);
  if (open !== null) return open;
  if (isPreflight(request)) {
    const preflight = answerPreflight(request.headers, door.policy.origins);
    return preflight instanceof Response ? preflight : turnAway(call, preflight);
  }

  // Who asks: the shape of the credential alone, no look-up.
  const credential = readCredential(request.headers);
  const token = typeof credential === "string" ? readToken(door.ring, credential) : null;
  if (typeof credential !== "string" || token === null) {
    const personal = readPersonalToken(request, credential, door.operators);
    if (personal !== null) return await passOperator(call, path, personal, door, background);
    if (typeof credential !== "string") return turnAway(call, credential);
    return await rebuff(call, { reason: "token_malformed" }, door);
  }
  // RFC 6750 section 2: one way to send a key. In the address it would end in the logs of everybody behind the door.
  if (request.url.includes(credential)) {
    return turnAway(call, { reason: "credential_malformed", what: "two_carriers" });
  }

  const target = readTarget(request, path, door.routes);
  if ("reason" in target) return turnAway(call, target);
  call.target = target;
  const upgrading = request.headers.has("upgrade");
  if (upgrading && !(door.policy.allowUpgrade && asksForWebSocket(request))) {
    return turnAway(call, { reason: "upgrade_not_enabled" });
  }

  // Whether they may: first from what is remembered, by hash alone; only a stranger's signature has to be checked.
  const safe = isSafe(request, target) && !upgrading;
  const exact = door.policy.strongCheck === "all" || (door.policy.strongCheck === "mutations" && !safe);
  // An OPTIONS may have content, which cannot be sent a second time.
  const ahead =
    safe && door.policy.speculate && request.method !== "OPTIONS" && target.operation?.answeredBy !== "gatehouse";
  const hash = hashToken(credential);
  let found: Found | Unconfirmed | null = exact ? null : door.keys.recall(hash, background);
  if (found === null) {
    // A made-up key ends here: it costs no storage read, and leaves nothing behind.
    if (!verifyToken(door.ring, token)) return await rebuff(call, { reason: "signature_invalid" }, door);
    const barred = door.limits.isBarred(call.caller, call.now);
    if (barred !== null) return turnAway(call, barred);
    found = await door.keys.find(hash, { exact, ahead }, background);
  }
  if ("confirmed" in found) {
    const early = ahead ? judge(found.atHand, call, target, door) : null;
    if (early?.allow) return await sendAhead(call, target, found, door, background);
    found = await found.confirmed;
  }
  const verdict = settle(call, found, target, door);
  if (!verdict.allow) return await rebuff(call, verdict.denial, door);
  // The grace is for calls that only read, also where STRONG_CHECK=none lets changes live on what is remembered.
  if (found.degraded && !safe) throw new Error("a change waits until D1 can be asked about its key again");

  const tooMany = await door.limits.noteCall(verdict.key.id);
  if (tooMany !== null) return turnAway(call, tooMany);

  // And what becomes of it.
  noteUse(call, target, verdict.key, door, background);
  if (target.operation?.answeredBy === "gatehouse") return await serve(call, target, verdict.key, door, background);
  const onward = await onwardOf(call, target, verdict.key, door);
  if (upgrading) return await upgrade(call, onward, () => recheck(hash, call, target, door, background), door);
  return conclude(await sendUpstream(request, onward, door.upstream), call, door);
}

/** The way of a person's call: the same, but that their record is found by who they are, in D1, each time. */
async function passOperator(
  call: Call,
  path: string,
  personal: PersonalToken,
  door: Door,
  background: Background,
): Promise<Response> {
  const { request } = call;
  if (request.url.includes(personal.token)) {
    return turnAway(call, { reason: "credential_malformed", what: "two_carriers" });
  }
  const target = readTarget(request, path, door.routes);
  if ("reason" in target) return turnAway(call, target);
  call.target = target;
  if (request.headers.has("upgrade")) return turnAway(call, { reason: "upgrade_not_enabled" });
  const barred = door.limits.isBarred(call.caller, call.now);
  if (barred !== null) return turnAway(call, barred);
  const operators = door.operators as OperatorDoor;
  const operator = await findOperator(call, personal, target, isSafe(request, target), operators, background);
  if ("reason" in operator) return await rebuff(call, operator, door);
  const found: Found = { record: operator, source: "d1", ageMs: 0, degraded: false };
  const verdict = settle(call, found, target, door);
  if (!verdict.allow) return turnAway(call, verdict.denial);
  const tooMany = await door.limits.noteCall(verdict.key.id);
  if (tooMany !== null) return turnAway(call, tooMany);
  if (target.operation?.answeredBy === "gatehouse") return await serve(call, target, verdict.key, door, background);
  const onward = await onwardOf(call, target, verdict.key, door);
  return conclude(await sendUpstream(request, onward, door.upstream), call, door);
}

/**
 * Send a safe call to the upstream while its check is under way: what the caller waits for is the longer of the two, not
 * their sum. Nothing of the answer is let out before the check has agreed.
 */
async function sendAhead(
  call: Call,
  target: Target,
  { atHand, confirmed }: Unconfirmed,
  door: Door,
  background: Background,
): Promise<Response> {
  call.speculated = true;
  const flight = launch(call.request, await onwardOf(call, target, atHand, door), door.upstream);
  let verdict: Verdict;
  try {
    verdict = settle(call, await confirmed, target, door);
  } catch (error) {
    flight.cancel();
    throw error;
  }
  const denial = verdict.allow ? await door.limits.noteCall(verdict.key.id) : verdict.denial;
  if (!verdict.allow || denial !== null) {
    flight.cancel();
    return await rebuff(call, denial as Denial, door);
  }
  noteUse(call, target, verdict.key, door, background);
  if (verdict.key.version === atHand.version) return conclude(await flight.answer, call, door);
  // Allowed, but no longer as the upstream was told: asked again with the identity as it is now.
  flight.cancel();
  const onward = await onwardOf(call, target, verdict.key, door);
  return conclude(await sendUpstream(call.request, onward, door.upstream), call, door);
}

/** Open a connection that stays for as long as its key allows. */
async function upgrade(call: Call, onward: Onward, judgeAnew: () => Promise<Verdict>, door: Door): Promise<Response> {
  const answer = await launch(call.request, onward, door.upstream, "websocket").answer;
  // An upstream that does not switch protocols answers as to any other call.
  if ("noAnswer" in answer || !answer.webSocket) return conclude(answer, call, door);
  return relay(answer, async () => {
    let ended: Partial<Call>;
    try {
      const verdict = await judgeAnew();
      if (verdict.allow) return true;
      ended = { denial: verdict.denial };
    } catch (error) {
      ended = { error };
    }
    logCall({ ...call, ...ended }, 101, door);
    return false;
  });
}

const BAD_TOKENS: ReadonlySet<Denial["reason"]> = new Set([
  "token_malformed",
  "signature_invalid",
  "key_unknown",
  "operator_token_invalid",
]);

/** Turns a call away whose key is none, and counts how often its address has tried. */
async function rebuff(call: Call, denial: Denial, door: Door): Promise<Response> {
  const isBadToken = BAD_TOKENS.has(denial.reason);
  const tooMany = isBadToken ? await door.limits.noteBadToken(call.caller, call.now) : null;
  return turnAway(call, tooMany ?? denial);
}

function turnAway(call: Call, denial: Denial): Response {
  call.denial = denial;
  return refuse(denial, call.requestId);
}

function serve(
  call: Call,
  target: Target,
  principal: KeyRecord,
  door: Door,
  background: Background,
): Promise<Response> {
  const authorised: AuthorisedCall = {
    request: call.request,
    path: target.path,
    query: target.query,
    operation: target.operation as Operation,
    principal,
    address: call.caller?.text ?? null,
    requestId: call.requestId,
    now: call.now,
    log: {
      set(facts) {
        call.extra = { ...call.extra, ...facts };
      },
    },
  };
  return door.serve(authorised, background);
}

async function onwardOf(call: Call, target: Target, key: KeyRecord, door: Door): Promise<Onward> {
  return {
    path: target.path,
    query: target.query,
    identity: await door.identity.tokenFor(key, call.now),
    operation: target.operation?.operationId ?? "unknown",
    requestId: call.requestId,
    address: call.caller?.text ?? null,
  };
}

function conclude(answer: Response | NoAnswer, call: Call, door: Door): Response {
  if (!("noAnswer" in answer)) return passOn(call.request, answer, door.upstream);
  call.error = new Error(`the upstream gave no answer: ${answer.noAnswer}`, { cause: answer.cause });
  return answerNoAnswer(answer, call.requestId);
}
