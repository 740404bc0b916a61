// What no gateway of a fleet may do, judged on what their clients have seen.

/** One request with a key. Times are milliseconds on the client's clock. */
export interface Seen {
  readonly gateway: number;
  readonly key: string;
  readonly mutating: boolean;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** 0: no response. */
  readonly status: number;
}

/** When the access of a key was taken, and given back: from the first attempt of the change to its 200. */
export interface Restriction {
  readonly what: string;
  readonly from: number;
  answered: number | null;
  restoredFrom: number | null;
  restored: number | null;
}

/** When a gateway could not reach D1. */
export interface Outage {
  readonly gateway: number;
  readonly from: number;
  readonly to: number;
}

export interface Verdict {
  /** Requests that were allowed too late, or denied although the key was valid. */
  readonly allowedTooLate: readonly string[];
  readonly deniedWrongly: readonly string[];
  /** The longest time after a restriction at which a request was allowed, in milliseconds; `null`: none was. */
  readonly worst: { readonly mutation: number | null; readonly read: number | null; readonly degraded: number | null };
}

/**
 * Milliseconds after the answer to a change: docs/operating.md, "Revocation bounds". Stated here and not imported, so that a changed
 * constant of the source is found.
 */
const BOUND = { mutation: 0, read: 10_000, degraded: 70_000 } as const;

/** Judges all requests. @param restrictions by key; a key without one is valid throughout */
export function judge(
  seen: readonly Seen[],
  restrictions: ReadonlyMap<string, Restriction>,
  outages: readonly Outage[],
): Verdict {
  const worst: Record<keyof typeof BOUND, number | null> = { mutation: null, read: null, degraded: null };
  const [allowedTooLate, deniedWrongly]: [string[], string[]] = [[], []];
  for (const each of seen) {
    const restriction = restrictions.get(each.key);
    const kind = kindOf(each, outages);
    if (each.status >= 200 && each.status < 300) {
      const { answered = null, restoredFrom = null } = restriction ?? {};
      if (answered === null || each.sentAt <= answered) continue;
      if (restoredFrom !== null && each.answeredAt >= restoredFrom) continue;
      const late = each.sentAt - answered;
      worst[kind] = Math.max(worst[kind] ?? 0, late);
      if (late > BOUND[kind])
        allowedTooLate.push(`${textOf(each)}, ${restriction?.what} ${Math.round(late)} ms before`);
    } else if ((each.status === 401 || each.status === 403) && !mayBeDenied(each, restriction, BOUND[kind])) {
      deniedWrongly.push(`${textOf(each)}, ${restriction?.what ?? "never restricted"}`);
    }
  }
  return { allowedTooLate, deniedWrongly, worst };
}

function kindOf({ gateway, mutating, sentAt }: Seen, outages: readonly Outage[]): keyof typeof BOUND {
  if (mutating) return "mutation";
  const isDegraded = outages.some((outage) => {
    return outage.gateway === gateway && sentAt >= outage.from && sentAt <= outage.to + BOUND.read;
  });
  return isDegraded ? "degraded" : "read";
}

function mayBeDenied({ sentAt, answeredAt }: Seen, restriction: Restriction | undefined, bound: number): boolean {
  if (restriction === undefined || answeredAt < restriction.from) return false;
  return restriction.restored === null || sentAt <= restriction.restored + bound;
}

/** One request, for a message. */
export function textOf({ gateway, key, mutating, sentAt, status }: Seen): string {
  return `${status} for a ${mutating ? "change" : "read"} with ${key} at gateway ${gateway}, ${Math.round(sentAt)} ms`;
}
