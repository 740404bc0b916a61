// Sends the events of accounts to their endpoints: at least once, and in order for each resource. A run that is killed, a receiver
// that is down and a D1 that fails lose nothing, since a delivery is pending until its success was written.
import { FAILING_MS } from "../../core/events/retry.ts";
import type { Clock } from "../lib/timeouts.ts";
import { storeConfigOf } from "../store-config.ts";
import { disableEndpoint } from "./disable.ts";
import { inLanes } from "./lanes.ts";
import { type Claim, createOutbox } from "./outbox.ts";
import { type EndpointRow, endpointOfRow } from "./row.ts";
import { type BatchParts, MAX_FAILURES, sendBatch } from "./send-batch.ts";
import { SEND_TIMEOUT_MS } from "./transport.ts";

export interface SenderParts extends BatchParts {
  /** Told of an endpoint that could not be served. */
  readonly onError: (endpointId: string, error: unknown) => void;
}

export interface Sender {
  /** Sends what is due of one account. Never rejects. @returns how many deliveries were made */
  sendAccount(accountId: string): Promise<number>;
  /** Sends what is due of all accounts. Rejects when D1 cannot be read. */
  sendAll(): Promise<number>;
}

/** Behind a change: the platform ends such work after half a minute. */
const ACCOUNT_BUDGET_MS = 18_000;
/** In a scheduled run. The next one follows a minute later. */
const RUN_BUDGET_MS = 45_000;
/** One endpoint in one run, so that a slow one delays no other. */
const TURN_MS = 15_000;
/** The platform opens six connections at once. */
const ENDPOINTS_AT_ONCE = 3;
/** The second try comes so soon that the same run makes it. */
const SOON_MS = 6_000;

export function createSender(parts: SenderParts): Sender {
  const { db, clock, onError } = parts;
  const outbox = createOutbox(db);

  /** Sends to one endpoint until nothing is due, or the time is over. */
  async function takeTurn(row: EndpointRow, deadline: number, waits: boolean): Promise<number> {
    const claim = await outbox.claim(row.id, clock.now());
    if (claim === null) return 0;
    const endpoint = await endpointOfRow(storeConfigOf(db).ring, claim.row);
    let sent = 0;
    for (let failures = 0; failures < MAX_FAILURES && clock.now() < deadline; ) {
      const due = await outbox.due(claim, clock.now());
      if (due.length === 0) {
        const next = waits ? await outbox.nextAt(claim, clock.now()) : null;
        if (next === null || next > Math.min(clock.now() + SOON_MS, deadline)) break;
        await sleep(clock, next - clock.now());
        continue;
      }
      const batch = await sendBatch(parts, endpoint, claim, due, Math.min(deadline, claim.until - 2 * SEND_TIMEOUT_MS));
      sent += batch.outcomes.filter(({ deliveredAt }) => deliveredAt !== null).length;
      if (!(await outbox.record(claim, batch.outcomes, clock.now()))) return sent;
      const reason = batch.gone ? "gone" : isGivenUp(claim, clock.now()) ? "failing" : null;
      if (reason !== null) {
        await disableEndpoint(db, endpoint, reason, clock.now());
        return sent;
      }
      failures = batch.failures;
    }
    await outbox.release(claim, clock.now());
    return sent;
  }

  async function tryTurn(row: EndpointRow, deadline: number, waits: boolean): Promise<number> {
    try {
      return await takeTurn(row, deadline, waits);
    } catch (error) {
      // The claim ends by itself, and another run continues.
      onError(row.id, error);
      return 0;
    }
  }

  return {
    async sendAccount(accountId) {
      const deadline = clock.now() + ACCOUNT_BUDGET_MS;
      try {
        const rows = await outbox.find(accountId, clock.now());
        return await inLanes(rows, ENDPOINTS_AT_ONCE, (row) => tryTurn(row, deadline, true));
      } catch (error) {
        onError(accountId, error);
        return 0;
      }
    },
    async sendAll() {
      const end = clock.now() + RUN_BUDGET_MS;
      const rows = await outbox.find(null, clock.now());
      // One endpoint of an account at a time: many slow ones of one account leave the connections to the others.
      const accounts = [...Map.groupBy(rows, (row) => row.account_id).values()];
      return inLanes(accounts, ENDPOINTS_AT_ONCE, async (own) => {
        const accountEnd = clock.now() + TURN_MS;
        let sent = 0;
        for (const row of own) {
          const now = clock.now();
          if (now >= end || now >= accountEnd) break;
          sent += await tryTurn(row, Math.min(end, accountEnd), false);
        }
        return sent;
      });
    },
  };
}

function isGivenUp({ failingSince }: Claim, now: number): boolean {
  return failingSince !== null && now - failingSince >= FAILING_MS;
}

function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resume) => void clock.after(Math.max(ms, 0), resume));
}
