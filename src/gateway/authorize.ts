// The whole story of a call, from top to bottom: credential -> hash -> look-up -> decide -> forward | serve | refuse.
// Knows no table, no binding and no status; whatever throws in here leaves the door shut.
import { isReserved } from "../core/target.ts";
import { hashToken, readToken, verifyToken } from "../core/token.ts";
import type { Background, Found, Unconfirmed } from "../store/ports.ts";
import { sendAhead } from "./ahead.ts";
import { type Call, isTold, logCall, openCall } from "./call.ts";
import { allowedOrigin, answerPreflight, isPreflight, readableBy } from "./cors.ts";
import { hasOtherCarrier, readCredential } from "./credential.ts";
import type { Door } from "./door.ts";
import { asksForWebSocket, readPath, readTarget } from "./facts.ts";
import { letThrough } from "./let-through.ts";
import { receiveAll } from "./received.ts";
import { answerFault } from "./refuse.ts";
import { noteRefusal } from "./refused.ts";
import { noteUse } from "./trial.ts";
import { rebuff, turnAway } from "./turn-away.ts";
import { isSafe, judge, recheck, settle } from "./weigh.ts";

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
  const told = isTold(call, door);
  if (call.denial !== null) noteRefusal(call, call.denial, told, door, background);
  if (told) logCall(call, response.status, door);
  const origin = allowedOrigin(call.received.headers, door.policy.origins);
  return origin === null ? response : readableBy(origin, response);
}

async function pass(call: Call, door: Door, background: Background): Promise<Response> {
  // What is asked, before anybody is asked who asks.
  const path = readPath(call.received, door.policy.hosts);
  if (typeof path !== "string") return turnAway(call, path);
  call.path = path;
  if (isReserved(path)) {
    const open = (await import("./open.ts")).answerOpen(call, path, door, background);
    if (open !== null) return await open;
  }
  if (isPreflight(call.received)) {
    const preflight = answerPreflight(call.received.headers, door.policy.origins);
    return preflight instanceof Response ? preflight : turnAway(call, preflight);
  }

  // Who asks: the shape of the credential first, which costs nothing.
  const credential = readCredential(call.received.headers);
  const token = typeof credential === "string" ? readToken(door.ring, credential) : null;
  if (typeof credential !== "string" || token === null) {
    // Not a key. Where an issuer is trusted it may be a person's token; what reads those loads with the first one.
    const persons = door.operators && (await import("./pass-operator.ts"));
    const answer = persons && (await persons.passOperator(call, path, credential, door, background));
    if (answer !== null) return answer;
    if (typeof credential !== "string") return turnAway(call, credential);
    return await rebuff(call, { reason: "token_malformed" }, door);
  }
  // Then what is remembered of it, by hash alone; only a stranger's signature has to be checked.
  const hash = hashToken(credential);
  const recalled = door.keys.recall(hash, background);
  if (recalled === null) {
    // A made-up key ends here: it costs no storage read, and leaves nothing behind.
    if (!verifyToken(door.ring, token)) return await rebuff(call, { reason: "signature_invalid" }, door);
    const barred = door.limits.isBarred(call.caller, call.now);
    if (barred !== null) return turnAway(call, barred);
  }

  // What they ask for.
  const received = receiveAll(call.request, call.received);
  call.received = received;
  if (hasOtherCarrier(received, credential)) {
    return turnAway(call, { reason: "credential_malformed", what: "two_carriers" });
  }
  const target = readTarget(received, path, door.routes);
  if ("reason" in target) return turnAway(call, target);
  call.target = target;
  const upgrading = received.headers.has("upgrade");
  if (upgrading && !(door.policy.allowUpgrade && asksForWebSocket(received))) {
    return turnAway(call, { reason: "upgrade_not_enabled" });
  }

  // Whether they may.
  const safe = isSafe(received, target) && !upgrading;
  const exact = door.policy.strongCheck === "all" || (door.policy.strongCheck === "mutations" && !safe);
  // An OPTIONS may have content, which cannot be sent a second time.
  const ahead =
    safe && door.policy.speculate && received.method !== "OPTIONS" && target.operation?.answeredBy !== "gatehouse";
  let found: Found | Unconfirmed =
    recalled !== null && !exact ? recalled : await door.keys.find(hash, { exact, ahead }, background);
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
  if (!upgrading) return await letThrough(call, target, verdict.key, door, background);
  const judgeAnew = () => recheck(hash, call, target, door, background);
  const { upgrade } = await import("./upgrade.ts");
  return await upgrade(call, target, verdict.key, judgeAnew, door);
}
