// What becomes of a call that may pass: Gatehouse serves it, the upstream answers it, or a connection is opened.
import type { KeyRecord } from "../core/key.ts";
import type { Operation } from "../core/operations.ts";
import type { Verdict } from "../core/verdict.ts";
import type { Background } from "../store/ports.ts";
import { type Call, isTold, logCall } from "./call.ts";
import type { AuthorisedCall, Door } from "./door.ts";
import type { Target } from "./facts.ts";
import { launch, type NoAnswer, type Onward, sendUpstream } from "./forward.ts";
import { passOn } from "./pass-on.ts";
import { answerNoAnswer } from "./refuse.ts";
import { relay } from "./upgrade.ts";

/** Answers a call that may pass: here, or by the upstream. */
export async function letThrough(
  call: Call,
  target: Target,
  key: KeyRecord,
  door: Door,
  background: Background,
): Promise<Response> {
  if (target.operation?.answeredBy === "gatehouse") return await serve(call, target, key, door, background);
  const onward = onwardOf(call, target, await door.identity.tokenFor(key, call.now));
  return conclude(await sendUpstream(call.received, onward, door.upstream), call, door);
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

/** What the upstream is told of a call. */
export function onwardOf(call: Call, target: Target, identity: string): Onward {
  return {
    path: target.path,
    query: target.query,
    identity,
    operation: target.operation?.operationId ?? "unknown",
    requestId: call.requestId,
    address: call.caller?.text ?? null,
  };
}

/** The client's answer, from the upstream's or from none. */
export function conclude(answer: Response | NoAnswer, call: Call, door: Door): Response {
  if (!("noAnswer" in answer)) return passOn(call.received, answer, door.upstream);
  call.error = new Error(`the upstream gave no answer: ${answer.noAnswer}`, { cause: answer.cause });
  return answerNoAnswer(answer, call.requestId);
}

/**
 * Open a connection that stays for as long as its key allows.
 *
 * @param judgeAnew the verdict over the same call at a later instant
 */
export async function upgrade(
  call: Call,
  target: Target,
  key: KeyRecord,
  judgeAnew: () => Promise<Verdict>,
  door: Door,
): Promise<Response> {
  const onward = onwardOf(call, target, await door.identity.tokenFor(key, call.now));
  const answer = await launch(call.received, onward, door.upstream, "websocket").answer;
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
    const last = { ...call, ...ended };
    if (isTold(last, door)) logCall(last, 101, door);
    return false;
  });
}
