// Counts the use of a key that was let in, and weighs the call against what the key is tried with, where it is. Whatever
// comes out changes no answer.
import type { KeyRecord, Trial } from "../core/key.ts";
import { weighTrial } from "../core/trial.ts";
import type { Background, TrialRecorder } from "../store/ports.ts";
import { type Call, callerOf, factsOf } from "./call.ts";
import type { Door } from "./door.ts";
import type { Target } from "./facts.ts";

/** Counts an allowed call for the key's usage, and for its trial where it has one. */
export function noteUse(call: Call, target: Target, key: KeyRecord, door: Door, background: Background): void {
  door.usage.note(key.id, call.now, callerOf(call)?.text ?? null, background);
  if (key.trial !== null) noteTrial(call, target, key.id, key.trial, door, background);
}

function noteTrial(call: Call, target: Target, keyId: string, trial: Trial, door: Door, background: Background): void {
  const refusal = trial.tried === null ? null : weighTrial(trial, factsOf(call, target), call.now);
  const note = (trials: TrialRecorder): void => {
    if (trial.tried === null) trials.noteUnreadable(keyId, call.now);
    else trials.note({ keyId, trialId: trial.id, refusal, at: call.now }, background);
  };
  background(door.trials().then(note));
}
