// The message authentication code of an audit event. D1 cannot hash, so the Worker authenticates what it sends: a row that
// somebody else wrote to D1 is then found when it is sealed.
import type { KeyRing } from "../token/api-key-token.ts";
import { type Authenticator, createAuthenticator } from "../token/derived-keys.ts";

/** What the code covers of an event: all that the Worker knows when it writes it. */
export interface SentEvent {
  readonly id: string;
  readonly account_id: string;
  readonly event_type: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly resource_name: string;
  readonly actor_type: string;
  readonly actor_id: string | null;
  readonly actor_name: string;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly message: string;
  /** JSON, without `before`: the state before a change is read in the transaction. */
  readonly detail: string;
  readonly created_at: number;
}

// Another purpose than signing keys: no code is ever the signature of a key.
const PURPOSE = "gatehouse audit event 1";

const ofRing = new WeakMap<KeyRing, Authenticator>();

function authenticatorOf(ring: KeyRing): Authenticator {
  let authenticator = ofRing.get(ring);
  if (authenticator === undefined) {
    authenticator = createAuthenticator(ring, PURPOSE);
    ofRing.set(ring, authenticator);
  }
  return authenticator;
}

/**
 * Makes the code of an event that is about to be written.
 *
 * @returns the id of the ring's newest secret, and HMAC-SHA-256 under a key derived from it
 * @throws Error for a ring without secrets
 */
export function makeMac(ring: KeyRing, event: SentEvent): string {
  return authenticatorOf(ring).makeMac(textOf(columnsOf(event)));
}

/** Makes the code of a public key that is kept in KV, so that nobody who can write to KV makes a key known. */
export function makeKeyMac(
  ring: KeyRing,
  { kid, x }: { readonly kid: string; readonly x?: string | undefined },
): string {
  return authenticatorOf(ring).makeMac(textOf(["key", kid, x]));
}

/** Verifies the code of a public key. */
export function checkKeyMac(ring: KeyRing, key: Parameters<typeof makeKeyMac>[1], mac: unknown): boolean {
  return authenticatorOf(ring).checkMac(textOf(["key", key.kid, key.x]), String(mac)) === "good";
}

/**
 * Verifies the code of a stored event.
 *
 * @returns `unknown_key`: made, or said to be made, under a secret that this ring does not have
 */
export function checkMac(
  ring: KeyRing,
  event: SentEvent & { readonly mac: string | null },
): "good" | "bad" | "unknown_key" {
  const detail = withoutBefore(event.detail);
  if (event.mac === null || detail === null) return "bad";
  return authenticatorOf(ring).checkMac(textOf(columnsOf({ ...event, detail })), event.mac);
}

function columnsOf(event: SentEvent): readonly unknown[] {
  const { id, account_id, event_type, resource_type, resource_id, resource_name } = event;
  const { actor_type, actor_id, actor_name, address, request_id, message, detail, created_at } = event;
  const columns = [
    ...[id, account_id, event_type, resource_type, resource_id, resource_name],
    ...[actor_type, actor_id, actor_name, address, request_id, message, detail, created_at],
  ];
  // D1 stores UTF-8, in which a lone surrogate becomes U+FFFD.
  return columns.map((column) => (typeof column === "string" ? column.toWellFormed() : column));
}

const textOf = (values: readonly unknown[]): string => JSON.stringify(values);

/** The detail as it was sent; `null` when it is no JSON object. */
function withoutBefore(detail: unknown): string | null {
  try {
    const { before: _before, ...sent } = JSON.parse(String(detail)) as Record<string, unknown>;
    return JSON.stringify(sent);
  } catch {
    return null;
  }
}
