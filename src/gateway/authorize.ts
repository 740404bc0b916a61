// The whole story of a call, from top to bottom: credential -> hash -> look-up -> decide -> forward | serve | refuse.
// Knows no table, no binding and no status; whatever throws in here leaves the door shut.
import { decide } from "../core/decide.ts";
import type { KeyHash, KeyRecord } from "../core/key.ts";
import type { Operation } from "../core/operations.ts";
import { hashToken, readToken, verifyToken } from "../core/token.ts";
import { type Denial, deny, type Verdict } from "../core/verdict.ts";
import type { Background, Found, Unconfirmed } from "../store/ports.ts";
import { type Call, logCall, openCall } from "./call.ts";
import { allowedOrigin, answerPreflight, isPreflight, readableBy } from "./cors.ts";
import { readCredential } from "./credential.ts";
import type { AuthorisedCall, Door } from "./door.ts";
import { callerAddress, factsOf, readPath, readTarget, type Target } from "./facts.ts";
import { type NoAnswer, type Onward, passOn, sendUpstream } from "./forward.ts";
import { answerError, answerFault, refuse } from "./refuse.ts";
import { noteRefusal } from "./refused.ts";
import { relayUpgrade } from "./upgrade.ts";
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
  const path = readPath(request);
  if (typeof path !== "string") return turnAway(call, path);
  call.path = path;
  if (!servesHost(request, door)) return turnAway(call, { reason: "host_not_served" });
  const open = path.startsWith("/.well-known/")
    ? await answerWellKnown(request, path, door, call.requestId, background)
    : null;
  if (open !== null) return open;
  if (isPreflight(request)) {
    const preflight = answerPreflight(request.headers, door.policy.origins);
    return preflight instanceof Response ? preflight : turnAway(call, preflight);
  }

  // Who asks: the shape of the credential alone, no look-up.
  const credential = readCredential(request.headers);
  if (typeof credential !== "string") return turnAway(call, credential);
  const token = readToken(door.ring, credential);
  if (token === null) return turnAway(call, { reason: "token_malformed" });

  const target = readTarget(request, path, door.routes);
  if ("reason" in target) return turnAway(call, target);
  call.target = target;
  const upgrading = request.headers.has("upgrade");
  if (upgrading && !door.policy.allowUpgrade) return turnAway(call, { reason: "upgrade_not_enabled" });

  // Whether they may: first from what is remembered, by hash alone; only a stranger's signature has to be checked.
  const safe = isSafe(request, target) && !upgrading;
  const exact = door.policy.strongCheck === "all" || (door.policy.strongCheck === "mutations" && !safe);
  const ahead = safe && door.policy.speculate && request.body === null && target.operation?.answeredBy !== "gatehouse";
  const hash = hashToken(credential);
  let found: Found | Unconfirmed | null = exact ? null : door.keys.recall(hash, background);
  if (found === null) {
    // A made-up key ends here: it costs no storage read, and leaves nothing behind.
    if (!verifyToken(door.ring, token)) return turnAway(call, { reason: "signature_invalid" });
    found = await door.keys.find(hash, { exact, ahead }, background);
  }
  if ("confirmed" in found) {
    const early = ahead ? judge(found.atHand, call, target, door) : null;
    if (early?.allow) return await sendAhead(call, target, found, door, background);
    found = await found.confirmed;
  }
  const verdict = settle(call, found, target, door);
  if (!verdict.allow) return turnAway(call, verdict.denial);

  // And what becomes of it.
  door.usage.note(verdict.key.id, call.now, background);
  if (target.operation?.answeredBy === "gatehouse") return await serve(call, target, verdict.key, door, background);
  const onward = await onwardOf(call, target, verdict.key, door);
  if (upgrading) return await relayUpgrade(call, onward, () => recheck(hash, call, target, door, background), door);
  return conclude(await sendUpstream(request, onward, door.upstream).answer, call, door);
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
  const flight = sendUpstream(call.request, await onwardOf(call, target, atHand, door), door.upstream);
  let verdict: Verdict;
  try {
    verdict = settle(call, await confirmed, target, door);
  } catch (error) {
    flight.cancel();
    throw error;
  }
  if (!verdict.allow) {
    flight.cancel();
    return turnAway(call, verdict.denial);
  }
  door.usage.note(verdict.key.id, call.now, background);
  if (verdict.key.version === atHand.version) return conclude(await flight.answer, call, door);
  // Allowed, but no longer as the upstream was told: asked again with the identity as it is now.
  flight.cancel();
  const onward = await onwardOf(call, target, verdict.key, door);
  return conclude(await sendUpstream(call.request, onward, door.upstream).answer, call, door);
}

function judge(record: KeyRecord | null, call: Call, target: Target, door: Door): Verdict {
  if (record !== null && door.policy.denyKeys.has(record.id)) return deny({ reason: "key_denied" });
  return decide(record, factsOf(call, target), call.now);
}

/** The verdict that counts, on a record that storage stands for. */
function settle(call: Call, found: Found, target: Target, door: Door): Verdict {
  call.found = found;
  call.key = found.record;
  call.decidedAt = door.now();
  return judge(found.record, call, target, door);
}

/** Whether a connection that was let in may stay: judged as a new call of the same key would be, at this instant. */
async function recheck(
  hash: KeyHash,
  call: Call,
  target: Target,
  door: Door,
  background: Background,
): Promise<boolean> {
  const found = await door.keys.find(hash, { exact: false, ahead: false }, background);
  const settled = "confirmed" in found ? await found.confirmed : found;
  return judge(settled.record, { ...call, now: door.now() }, target, door).allow;
}

// RFC 9110 section 9.2.1 for calls that the table does not know.
function isSafe(request: Request, { operation }: Target): boolean {
  if (operation !== null) return operation.effect === "safe";
  return request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
}

function servesHost(request: Request, { policy }: Door): boolean {
  return policy.hosts.size === 0 || policy.hosts.has(new URL(request.url).host);
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
    address: callerAddress(call.request.headers),
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
    address: callerAddress(call.request.headers),
  };
}

function conclude(answer: Response | NoAnswer, call: Call, door: Door): Response {
  if (typeof answer !== "string") return passOn(call.request, answer, door.upstream);
  call.error = new Error(`the upstream gave no answer: ${answer}`);
  return answer === "timeout"
    ? answerError(504, "upstream_timeout", "The API behind Gatehouse did not answer in time.", call.requestId)
    : answerError(502, "upstream_unreachable", "The API behind Gatehouse cannot be reached.", call.requestId);
}
