// One structured event per request, change or internal error. Only this file writes to the console. It takes named fields
// only, and redacts everything that looks like a key.

/** The fields of an event. There are no others: no header, no body, no query, no token. */
export interface LogFields {
  readonly request_id?: string;
  readonly method?: string;
  readonly path?: string;
  readonly operation?: string;
  readonly known_operation?: boolean;
  readonly key_id?: string;
  readonly account_id?: string;
  /** The project and the cluster that the path names. */
  readonly project_id?: string | undefined;
  readonly cluster_id?: string | undefined;
  readonly role?: string;
  readonly address?: string | null;
  readonly verdict?: "allow" | "deny" | "fault";
  readonly reason?: string;
  readonly status?: number;
  /** Where the record came from, and how long ago D1 confirmed it. */
  readonly source?: string;
  readonly age_ms?: number | null;
  readonly degraded?: boolean;
  readonly speculated?: boolean;
  readonly authorize_ms?: number;
  readonly total_ms?: number;
  /** The id of what was changed. */
  readonly resource_id?: string;
  readonly outcome?: string;
  readonly count?: number;
  readonly error?: string;
  readonly faults?: readonly string[];
}

export type LogKind = "call" | "change" | "fault" | "config" | "upkeep";

/** The event of one request, as its handlers see it. */
export interface RequestLog {
  set(fields: LogFields): void;
}

export interface Log {
  /** Writes one event now. */
  write(kind: LogKind, fields: LogFields): void;
  /** Whether to write an allowed request: by the sampling rate, because a line for each costs throughput. */
  sampled(): boolean;
  /**
   * Whether to write a denial as a line of its own. In a flood the others are counted, and written as one line per reason
   * and second: a line is a large part of the CPU of a denial, and costs the attacker nothing.
   *
   * @param signed whether a secret of the ring signed the key: unauthenticated clients cannot crowd those denials out
   */
  admitsDenial(signed: boolean, reason: string, now: number): boolean;
}

/** Denials with a line of their own, per second and isolate: of signed keys, and of unauthenticated clients. */
const DENIALS_PER_SECOND = 10;

// Every key, as any other JWT, begins with the same three characters.
const JWT_LIKE = /eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g;

/** A text without keys, and of limited length. */
export function redact(text: string): string {
  return text.replace(JWT_LIKE, "[key]").slice(0, 512);
}

/** An error in one line, with its causes; for the log only, never for a client. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return redact(String(error));
  const cause = error.cause === undefined ? "" : ` <- ${errorText(error.cause)}`;
  return redact(`${error.name}: ${error.message}${cause}`);
}

/**
 * Creates the log of one isolate.
 *
 * @param settings sample: the share of allowed requests that are written, 0 to 1; format: JSON lines, or colored text
 * @param now milliseconds since the epoch
 */
export function createLog(
  settings: { readonly sample: number; readonly format: "json" | "pretty" },
  now: () => number,
  random: () => number,
): Log {
  const print = settings.format === "pretty" ? pretty : JSON.stringify;
  const write: Log["write"] = (kind, fields) => {
    const line = print({ at: new Date(now()).toISOString(), kind, ...clean(fields) });
    if (kind === "fault" || kind === "config") console.error(line);
    else console.log(line);
  };
  const unauthenticated = createDenialLimiter(write);
  const signed = createDenialLimiter(write);
  return {
    write,
    admitsDenial: (isSigned, reason, at) => (isSigned ? signed : unauthenticated)(reason, at),
    sampled: () => settings.sample >= 1 || (settings.sample > 0 && random() < settings.sample),
  };
}

function createDenialLimiter(write: Log["write"]): (reason: string, now: number) => boolean {
  let startedAt = Number.NEGATIVE_INFINITY;
  let seen = 0;
  const suppressed = new Map<string, number>();
  return (reason, now) => {
    // A clock that was set back starts a new second as well.
    if (now - startedAt >= 1_000 || now < startedAt) {
      for (const [name, count] of suppressed) write("call", { verdict: "deny", reason: name, count });
      suppressed.clear();
      startedAt = now;
      seen = 0;
    }
    seen += 1;
    if (seen <= DENIALS_PER_SECOND) return true;
    suppressed.set(reason, (suppressed.get(reason) ?? 0) + 1);
    return false;
  };
}

function clean(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, cleanValue(value)]),
  );
}

function cleanValue(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((each) => redact(String(each)));
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}

const COLOR = { allow: "\x1b[32m", deny: "\x1b[33m", fault: "\x1b[31m", dim: "\x1b[2m", off: "\x1b[0m" } as const;
const LINE_FIELDS = new Set(["at", "kind", "method", "path", "status", "verdict", "reason", "total_ms", "request_id"]);

function pretty(event: Record<string, unknown>): string {
  const color = COLOR[(event.kind === "fault" ? "fault" : event.verdict) as keyof typeof COLOR] ?? "";
  const head = [event.status, event.method, event.path, event.reason].filter((part) => part !== undefined).join(" ");
  const rest = Object.entries(event)
    .filter(([name]) => !LINE_FIELDS.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const took = event.total_ms === undefined ? "" : ` ${event.total_ms}ms`;
  return `${String(event.at).slice(11, 19)} ${color}${head || event.kind}${COLOR.off}${took} ${COLOR.dim}${rest.join(" ")}${COLOR.off}`;
}
