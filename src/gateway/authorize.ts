// The whole story of a call, from top to bottom: credential -> hash -> look-up -> decide -> forward | serve | refuse.
// Knows no table, no binding and no status; whatever throws in here leaves the door shut.
// What is known waits for nothing: a function here is async only where it has something to ask.
import type { KeyHash, KeyRecord } from "../core/key.ts";
import { isReserved } from "../core/target.ts";
import { hashOfCandidate, readToken, verifyToken } from "../core/token.ts";
import type { Denial } from "../core/verdict.ts";
import type { Background, Found, Unconfirmed } from "../store/ports.ts";
import { type Call, callerOf, isTold, logCall, openCall } from "./call.ts";
import { allowedOrigin, answerPreflight, isPreflight, readableBy } from "./cors.ts";
import { BEARER_LENGTH, isBearer, readCredential } from "./credential.ts";
import type { Door } from "./door.ts";
import { readPath, readTarget, servesHost, type Target, unfitness } from "./facts.ts";
import { letThrough } from "./let-through.ts";
import { answerFault } from "./refuse.ts";
import { noteRefusal } from "./refused.ts";
import { noteUse } from "./trial.ts";
import { rebuff, turnAway } from "./turn-away.ts";
import { isSafe, judge, settle } from "./weigh.ts";

/** An answer that may be there at once. */
type Answer = Response | Promise<Response>;

/**
 * Answer one call, whatever it is. Never throws, and never rejects.
 *
 * @param background keeps work alive behind the answer: `ExecutionContext.waitUntil`
 */
export function answerCall(request: Request, door: Door, background: Background): Answer {
  const call = openCall(request, door);
  const done = (response: Response) => conclude(call, response, door, background);
  const failed = (error: unknown) => {
    // Storage is away, a row cannot be read, or the code is wrong: no answer, no entry.
    call.error = error;
    return done(answerFault("unavailable", "The call cannot be decided now. Try again.", call.requestId));
  };
  let answer: Answer;
  try {
    answer = pass(call, door, background);
  } catch (error) {
    return failed(error);
  }
  return answer instanceof Response ? done(answer) : answer.then(done, failed);
}

function conclude(call: Call, response: Response, door: Door, background: Background): Response {
  const told = isTold(call, door);
  if (call.denial !== null) noteRefusal(call, call.denial, told, door, background);
  if (told) logCall(call, response.status, door);
  const origin = allowedOrigin(call.received.headers, door.policy.origins);
  return origin === null ? response : readableBy(origin, response);
}

function pass(call: Call, door: Door, background: Background): Answer {
  // What is asked, before anybody is asked who asks.
  const path = readPath(call.received);
  if (typeof path !== "string") return turnAway(call, path);
  call.path = path;
  return isReserved(path) ? passOpen(call, path, door, background) : passOther(call, path, door, background);
}

async function passOpen(call: Call, path: string, door: Door, background: Background): Promise<Response> {
  if (!servesHost(call.received, door.policy.hosts)) return turnAway(call, { reason: "host_not_served" });
  const open = (await import("./open.ts")).answerOpen(call, path, door, background);
  return await (open ?? passOther(call, path, door, background));
}

function passOther(call: Call, path: string, door: Door, background: Background): Answer {
  if (!isPreflight(call.received)) return passCaller(call, path, door, background);
  if (!servesHost(call.received, door.policy.hosts)) return turnAway(call, { reason: "host_not_served" });
  const answer = answerPreflight(call.received.headers, door.policy.origins);
  return answer instanceof Response ? answer : turnAway(call, answer);
}

function passCaller(call: Call, path: string, door: Door, background: Background): Answer {
  // Who asks. What is remembered was read and verified when it came: the same text needs no second look.
  const authorization = call.received.headers.get("authorization");
  const isKeyLike = authorization !== null && isBearer(authorization);
  const hash = isKeyLike ? hashOfCandidate(door.ring, authorization, BEARER_LENGTH) : null;
  if (!isKeyLike || hash === null) return passStranger(call, path, readCredential(authorization), door, background);
  const recalled = door.keys.recall(hash, call.now, background);
  if (recalled === null) {
    const denial = doubtsAbout(authorization, door);
    // A made-up key ends here: it costs no storage read, and leaves nothing behind.
    if (denial !== null) return rebuff(call, denial, door);
    const barred = door.limits.isBarred(callerOf(call), call.now);
    if (barred !== null) return turnAway(call, barred);
  }

  // What they ask for, and whether they may, as far as that is known here.
  const target = readTarget(call.received, path, door.routes);
  if ("reason" in target) return turnAway(call, target);
  call.target = target;
  const suffices = door.policy.strongCheck !== "all" && isSafe(call.received, target);
  const verdict = recalled !== null && suffices ? settle(call, recalled, target, door, call.now) : null;
  if (verdict !== null && !verdict.allow) return rebuff(call, verdict.denial, door);

  // What they bring along: looked at only in a call that is likely to go on.
  const unfit = unfitness(call.received, authorization.slice(BEARER_LENGTH), door.policy);
  if (unfit !== null) return turnAway(call, unfit);
  const upgrading = call.received.headers.has("upgrade");
  if (verdict === null || upgrading) return passUnsettled(call, hash, recalled, target, upgrading, door, background);
  return admit(call, target, verdict.key, door, background);
}

/** The way of a call without a key of ours: it may be a person's, where an issuer is trusted. */
function passStranger(
  call: Call,
  path: string,
  credential: string | Denial,
  door: Door,
  background: Background,
): Answer {
  const refused = () =>
    typeof credential === "string" ? rebuff(call, { reason: "token_malformed" }, door) : turnAway(call, credential);
  if (door.operators === null) return refused();
  // What reads a person's token loads with the first one.
  return import("./pass-operator.ts")
    .then(({ passOperator }) => passOperator(call, path, credential, door, background))
    .then((answer) => answer ?? refused());
}

/** What speaks against a text that is not remembered being a key that we have signed. */
function doubtsAbout(authorization: string, { ring }: Door): Denial | null {
  const credential = readCredential(authorization);
  if (typeof credential !== "string") return credential;
  const token = readToken(ring, credential);
  if (token === null) return { reason: "token_malformed" };
  return verifyToken(ring, token) ? null : { reason: "signature_invalid" };
}

/** The way of a call that what is remembered does not settle: storage is asked about its key first. */
async function passUnsettled(
  call: Call,
  hash: KeyHash,
  recalled: Found | null,
  target: Target,
  upgrading: boolean,
  door: Door,
  background: Background,
): Promise<Response> {
  const { strongCheck, speculate } = door.policy;
  const { method } = call.received;
  const safe = isSafe(call.received, target) && !upgrading;
  const exact = strongCheck === "all" || (strongCheck === "mutations" && !safe);
  // An OPTIONS may have content, which cannot be sent a second time.
  const ahead = safe && speculate && method !== "OPTIONS" && target.operation?.answeredBy !== "gatehouse";
  let found: Found | Unconfirmed =
    recalled !== null && !exact ? recalled : await door.keys.find(hash, { exact, ahead }, background);
  if ("confirmed" in found) {
    const early = ahead ? judge(found.atHand, call, target, door) : null;
    if (early?.allow) {
      const { sendAhead } = await import("./ahead.ts");
      return await sendAhead(call, target, found, door, background);
    }
    found = await found.confirmed;
  }
  const verdict = settle(call, found, target, door, door.now());
  if (!verdict.allow) return await rebuff(call, verdict.denial, door);
  // The grace is for calls that only read, also where STRONG_CHECK=none lets changes live on what is remembered.
  if (found.degraded && !safe) throw new Error("a change waits until D1 can be asked about its key again");
  if (!upgrading) return await admit(call, target, verdict.key, door, background);

  const tooMany = await door.limits.noteCall(verdict.key.id);
  if (tooMany !== null) return turnAway(call, tooMany);
  noteUse(call, target, verdict.key, door, background);
  const { upgrade } = await import("./upgrade.ts");
  return await upgrade(call, target, verdict.key, hash, door, background);
}

/** And what becomes of a call that may pass, unless its key is used too often. */
function admit(call: Call, target: Target, key: KeyRecord, door: Door, background: Background): Answer {
  const enter = (tooMany: Denial | null): Answer => {
    if (tooMany !== null) return turnAway(call, tooMany);
    noteUse(call, target, key, door, background);
    return letThrough(call, target, key, door, background);
  };
  const counted = door.limits.noteCall(key.id);
  return counted === null ? enter(null) : counted.then(enter);
}
