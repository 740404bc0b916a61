// Audit logs as data: events as they are stored, sealed and signed.
import { newIdentityKeys } from "../../scripts/secrets.ts";
import { dayOf, readSigned, type SigningKey, sign } from "../../src/core/audit/checkpoint.ts";
import { accountStart, CHAIN_START, chainHash, type StoredEvent } from "../../src/core/audit/hash-chain.ts";
import type { AuditLog } from "../../src/core/audit/verify.ts";
import type { AccountDay } from "../../src/core/audit/verify-days.ts";
import { NOW } from "./key.ts";

export const ACCOUNT = "a";

export async function newSigningKey(): Promise<SigningKey> {
  return (JSON.parse(await newIdentityKeys()) as { keys: [SigningKey] }).keys[0];
}

export function anEvent(seq: number, changes: Partial<StoredEvent> = {}): StoredEvent {
  return {
    ...{ seq, number: seq, id: `00000000-0000-4000-8000-${String(seq).padStart(12, "0")}`, account_id: ACCOUNT },
    ...{ event_type: "CREATE", resource_type: "API_KEY", resource_id: `key-${seq}`, resource_name: "ci" },
    ...{ actor_type: "API_KEY", actor_id: "k", actor_name: "admin", address: "192.0.2.1", request_id: `r-${seq}` },
    ...{
      message: "API key ci was created",
      detail: "{}",
      created_at: NOW + seq,
      mac: "k1.x",
      authentic: 1,
      hash: null,
    },
    ...changes,
  };
}

/** These events with the hashes of their account's chain. */
export function chained(events: readonly StoredEvent[], earlier = CHAIN_START): StoredEvent[] {
  const before = new Map<string, string>();
  return events.map((event) => {
    const { account_id: account } = event;
    const hash = chainHash(before.get(account) ?? accountStart(account, earlier), event);
    before.set(account, hash);
    return { ...event, hash };
  });
}

/** The signed end of an account at one of its events. */
export async function aDay(
  key: SigningKey,
  { account_id: account, number, hash }: StoredEvent,
  { at = NOW + Number(number), previous = null as string | null, retired = [] as readonly string[] } = {},
): Promise<AccountDay> {
  const said = { account, number: Number(number), hash: String(hash), at, previous, retired };
  const signed = await readSigned("checkpoint", await sign(key, "checkpoint", said), [key]);
  return { account, day: dayOf(at), number: Number(number), kid: key.kid, signed };
}

/** A log of so many events of one account, sealed and signed. */
export async function aLog(count: number, key: SigningKey): Promise<AuditLog & { readonly events: StoredEvent[] }> {
  const events = chained(Array.from({ length: count }, (_, i) => anEvent(i + 1)));
  const days = [await aDay(key, events.at(-1) as StoredEvent)];
  return { events, days, earlierDays: [], retired: [], kept: [] };
}
