// The promises of docs/operating.md on a fleet of real processes, while one is cut off from D1, one is killed, KV lags and D1 is slow.
import { expect, it } from "vitest";
import { judge, type Restriction, type Seen } from "./judge.ts";
import { runFleet } from "./run.ts";

it("keeps every promise with three gateways under load and faults", { timeout: 180_000 }, async () => {
  const seed = Number(process.env.FLEET_SEED ?? 1);
  const report = await runFleet(seed, (line) => process.stdout.write(`${line}\n`));
  const { requests, statuses, changes, created, worst, unavailable } = report;
  const seconds = (ms: number | null) => (ms === null ? "never" : `${(ms / 1_000).toFixed(1)} s`);
  process.stdout.write(
    `seed ${seed}: ${requests} requests, ${JSON.stringify(statuses)}, 503 by gateway ${unavailable.join("/")}; ${changes} changes, ${created} keys created; allowed last: changes ${seconds(worst.mutation)}, reads ${seconds(worst.read)}, cut off ${seconds(worst.degraded)}\n`,
  );
  expect(report.allowedTooLate).toEqual([]);
  expect(report.deniedWrongly).toEqual([]);
  expect(report.lost).toEqual([]);
  expect(report.findings).toEqual([]);
  expect(report.notRecovered).toEqual([]);
  expect(report.unanswered).toEqual([]);
  expect([report.sentAgain, report.neverSent]).toEqual([0, 0]);
  // The run has shown something: changes were felt late, within their bound, and nothing else was said than these.
  expect(Object.keys(statuses).sort()).toEqual(["0", "200", "401", "403", "503"]);
  expect(worst.read).toBeGreaterThan(1_000);
  expect(worst.degraded).toBeGreaterThan(10_000);
  expect(changes).toBeGreaterThan(100);
  // A gateway that nothing happens to serves nearly all.
  expect(unavailable[0]).toBeLessThan(requests / 100);
});

it("judges a request by the bound of its kind", () => {
  const restriction: Restriction = {
    ...{ what: "disabled", from: 900, answered: 1_000, restoredFrom: 200_000, restored: 200_100 },
  };
  const outages = [{ gateway: 2, from: 0, to: 100_000 }];
  const seen = (more: Partial<Seen>): Seen => ({
    ...{ gateway: 0, key: "k", mutating: false, sentAt: 0, answeredAt: more.sentAt ?? 0, status: 200 },
    ...more,
  });
  const found = (more: Partial<Seen>) => {
    const verdict = judge([seen(more)], new Map([["k", restriction]]), outages);
    return [verdict.allowedTooLate.length, verdict.deniedWrongly.length];
  };
  const [fine, late, wrong] = [[0, 0], [1, 0], [0, 1]]; // biome-ignore format: one line
  expect(found({ sentAt: 950, mutating: true })).toEqual(fine);
  expect(found({ sentAt: 1_001, mutating: true })).toEqual(late);
  expect(found({ sentAt: 11_000 })).toEqual(fine);
  expect(found({ sentAt: 11_001 })).toEqual(late);
  expect(found({ sentAt: 71_000, gateway: 2 })).toEqual(fine);
  expect(found({ sentAt: 71_001, gateway: 2 })).toEqual(late);
  // Ten seconds after it reaches D1 again, the bound is that of every gateway.
  expect(found({ sentAt: 120_000, gateway: 2 })).toEqual(late);
  expect(found({ sentAt: 800, status: 401 })).toEqual(wrong);
  expect(found({ sentAt: 5_000, status: 401 })).toEqual(fine);
  expect(found({ sentAt: 5_000, status: 503 })).toEqual(fine);
  expect(found({ sentAt: 205_000, status: 401 })).toEqual(fine);
  expect(found({ sentAt: 205_000, status: 401, mutating: true })).toEqual(wrong);
  expect(found({ sentAt: 211_000, status: 403 })).toEqual(wrong);
  expect(found({ sentAt: 5_000, status: 403, key: "other" })).toEqual(wrong);
});
