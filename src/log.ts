// One structured event per call, change or fault: facts are set as they become known and written at most once.
// The only console in the house. Takes named facts only, and blots out whatever looks like a key.

/** What an event may say. Nothing else gets in: no header, no body, no query, no token. */
export interface LogFields {
  readonly request_id?: string;
  readonly method?: string;
  readonly path?: string;
  readonly operation?: string;
  readonly known_operation?: boolean;
  readonly key_id?: string;
  readonly account_id?: string;
  readonly role?: string;
  readonly address?: string | null;
  readonly verdict?: "allow" | "deny" | "fault";
  readonly reason?: string;
  readonly status?: number;
  /** Where the record came from, and how long ago D1 had confirmed it. */
  readonly source?: string;
  readonly age_ms?: number | null;
  readonly degraded?: boolean;
  readonly speculated?: boolean;
  readonly authorize_ms?: number;
  readonly total_ms?: number;
  /** What a change was made to: an id. */
  readonly resource_id?: string;
  readonly outcome?: string;
  readonly count?: number;
  readonly error?: string;
  readonly faults?: readonly string[];
}

export type LogKind = "call" | "change" | "fault" | "config" | "upkeep";

/** What a call's handlers may do to its event. */
export interface RequestLog {
  set(facts: LogFields): void;
}

export interface Log {
  /** Writes one event now. */
  write(kind: LogKind, facts: LogFields): void;
  /** True when an allowed call is to be written too: by the sampling rate, since a line per call costs throughput. */
  sampled(): boolean;
  /**
   * True when a refusal is to be written with a line of its own. In a flood the rest is counted, and written as one line
   * per reason and second: a line takes a third of a refusal's CPU (npm run bench), and whoever floods does not pay it.
   *
   * @param signed whether the key was signed by us: strangers cannot crowd those refusals out
   */
  admitsDenial(signed: boolean, reason: string, now: number): boolean;
}

/** Refusals of keys that we have signed, and of strangers, that have a line of their own in any second of an isolate. */
const DENIALS_PER_SECOND = 10;

// Every key of ours, and every other JWT, begins with the same three characters.
const LOOKS_LIKE_A_KEY = /eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g;

/** Text fit to be kept: no key in it, and not without end. */
export function redact(text: string): string {
  return text.replace(LOOKS_LIKE_A_KEY, "[key]").slice(0, 512);
}

/** An error in one line, with what caused it; for the log only, never for a caller. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return redact(String(error));
  const cause = error.cause === undefined ? "" : ` <- ${errorText(error.cause)}`;
  return redact(`${error.name}: ${error.message}${cause}`);
}

/**
 * The log of one isolate.
 *
 * @param settings sample: share of allowed calls that are written, 0 to 1; format: JSON lines, or coloured for a person
 * @param now milliseconds since the epoch
 */
export function createLog(
  settings: { readonly sample: number; readonly format: "json" | "pretty" },
  now: () => number,
  random: () => number,
): Log {
  const print = settings.format === "pretty" ? pretty : JSON.stringify;
  const write: Log["write"] = (kind, facts) => {
    const line = print({ at: new Date(now()).toISOString(), kind, ...clean(facts) });
    if (kind === "fault" || kind === "config") console.error(line);
    else console.log(line);
  };
  const strangers = createDenialLimiter(write);
  const signed = createDenialLimiter(write);
  return {
    write,
    admitsDenial: (isSigned, reason, at) => (isSigned ? signed : strangers)(reason, at),
    sampled: () => settings.sample >= 1 || (settings.sample > 0 && random() < settings.sample),
  };
}

function createDenialLimiter(write: Log["write"]): (reason: string, now: number) => boolean {
  let since = Number.NEGATIVE_INFINITY;
  let seen = 0;
  const gathered = new Map<string, number>();
  return (reason, now) => {
    // A clock that has gone backwards begins a new second as well.
    if (now - since >= 1_000 || now < since) {
      for (const [name, count] of gathered) write("call", { verdict: "deny", reason: name, count });
      gathered.clear();
      since = now;
      seen = 0;
    }
    seen += 1;
    if (seen <= DENIALS_PER_SECOND) return true;
    gathered.set(reason, (gathered.get(reason) ?? 0) + 1);
    return false;
  };
}

function clean(facts: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, cleanValue(value)]),
  );
}

function cleanValue(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((each) => redact(String(each)));
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}

const COLOUR = { allow: "\x1b[32m", deny: "\x1b[33m", fault: "\x1b[31m", dim: "\x1b[2m", off: "\x1b[0m" } as const;
const IN_THE_LINE = new Set(["at", "kind", "method", "path", "status", "verdict", "reason", "total_ms", "request_id"]);

function pretty(event: Record<string, unknown>): string {
  const colour = COLOUR[(event.kind === "fault" ? "fault" : event.verdict) as keyof typeof COLOUR] ?? "";
  const head = [event.status, event.method, event.path, event.reason].filter((part) => part !== undefined).join(" ");
  const rest = Object.entries(event)
    .filter(([name]) => !IN_THE_LINE.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const took = event.total_ms === undefined ? "" : ` ${event.total_ms}ms`;
  return `${String(event.at).slice(11, 19)} ${colour}${head || event.kind}${COLOUR.off}${took} ${COLOUR.dim}${rest.join(" ")}${COLOUR.off}`;
}
