// Speculation: a safe call goes to the upstream while the check of its key is still under way.
import type { Denial, Verdict } from "../core/verdict.ts";
import type { Background, Unconfirmed } from "../store/ports.ts";
import type { Call } from "./call.ts";
import type { Door } from "./door.ts";
import type { Target } from "./facts.ts";
import { launch, sendUpstream } from "./forward.ts";
import { conclude, onwardOf } from "./let-through.ts";
import { noteUse } from "./trial.ts";
import { rebuff } from "./turn-away.ts";
import { settle } from "./weigh.ts";

/**
 * Send a safe call to the upstream while its check is under way: what the caller waits for is the longer of the two, not
 * their sum. Nothing of the answer is let out before the check has agreed.
 */
export async function sendAhead(
  call: Call,
  target: Target,
  { atHand, confirmed }: Unconfirmed,
  door: Door,
  background: Background,
): Promise<Response> {
  call.speculated = true;
  const told = onwardOf(call, target, await door.identity.tokenFor(atHand, call.now));
  const flight = launch(call.received, told, door.upstream);
  let verdict: Verdict;
  try {
    verdict = settle(call, await confirmed, target, door, door.now());
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
  const onward = onwardOf(call, target, await door.identity.tokenFor(verdict.key, call.now));
  return conclude(await sendUpstream(call.received, onward, door.upstream), call, door);
}
