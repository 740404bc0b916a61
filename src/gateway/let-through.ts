// What becomes of a call that may pass: Gatehouse serves it, or the upstream answers it.
import type { KeyRecord } from "../core/key.ts";
import type { Operation } from "../core/operations.ts";
import type { Background } from "../store/ports.ts";
import { type Call, callerOf } from "./call.ts";
import type { AuthorisedCall, Door } from "./door.ts";
import type { Target } from "./facts.ts";
import { type NoAnswer, type Onward, sendUpstream } from "./forward.ts";
import { passOn } from "./pass-on.ts";
import { answerNoAnswer } from "./refuse.ts";

/** Answers a call that may pass: here, or by the upstream. */
export function letThrough(
  call: Call,
  target: Target,
  key: KeyRecord,
  door: Door,
  background: Background,
): Promise<Response> {
  if (target.operation?.answeredBy === "gatehouse") return serve(call, target, key, door, background);
  const send = (identity: string): Promise<Response> =>
    sendUpstream(call.received, onwardOf(call, target, identity), door.upstream).then((answer) =>
      conclude(answer, call, door),
    );
  const identity = door.identity.tokenFor(key, call.now);
  return typeof identity === "string" ? send(identity) : identity.then(send);
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
    address: callerOf(call)?.text ?? null,
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
    address: callerOf(call)?.text ?? null,
  };
}

/** The client's answer, from the upstream's or from none. */
export function conclude(answer: Response | NoAnswer, call: Call, door: Door): Response {
  if (!("noAnswer" in answer)) return passOn(call.received, answer, door.upstream);
  call.error = new Error(`the upstream gave no answer: ${answer.noAnswer}`, { cause: answer.cause });
  return answerNoAnswer(answer, call.requestId);
}
