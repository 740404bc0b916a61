// D1 as one isolate sees it: far away, failing now and then, out of reach at times; answers of commits are lost; a row may come
// from a replica that is behind what the isolate knows.
import { type Bound, type Database, isRead, type Result } from "./database.ts";
import { type Link, noteFeed, noteTrouble } from "./link.ts";
import type { Random, World } from "./world.ts";

/** D1 is either well within every time limit, or beyond all of them. */
const GIVEN_UP_MS = 800;

export interface D1Parts {
  readonly world: World;
  readonly random: Random;
  readonly database: Database;
  /** The time between two reads of the change feed. */
  readonly noteGap: (ms: number) => void;
}

/** The database over the link of one isolate. `onCommit` runs after each of its own transactions. */
export function connectD1(
  parts: D1Parts,
  link: Link,
  onCommit: (results: readonly Result[]) => void = () => undefined,
): D1Database {
  const { world, random, database } = parts;

  function fail(reject: (error: Error) => void, message: string): void {
    noteTrouble(link, world.now);
    reject(new Error(message));
  }

  function ask(statements: readonly Bound[], fromReplica: boolean): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      const askedAt = world.now;
      const isCutOff = world.now < link.cutOffUntil;
      if (isCutOff) noteTrouble(link, world.now);
      if (isCutOff && link.silent) return;
      const latencyMs = random.happens(0.003) ? random.between(900, 2_000) : random.between(4, 70);
      if (latencyMs > GIVEN_UP_MS) noteTrouble(link, world.now);
      const thereMs = latencyMs * random.next();
      world.after(thereMs, () => {
        const error = errorOf(random, isCutOff);
        let results: Result[] | Error;
        try {
          // The result is of the time at which D1 runs the statements, not of the time at which it arrives here.
          results = error === null ? run(statements, fromReplica) : new Error(error);
        } catch (failure) {
          results = failure as Error;
        }
        // A response that is lost is one of a commit that was made.
        const lost = !(results instanceof Error) && random.happens(0.01) && !statements.every(({ sql }) => isRead(sql));
        world.after(latencyMs - thereMs, () => {
          if (world.now - askedAt > GIVEN_UP_MS) noteTrouble(link, world.now);
          else if (!(results instanceof Error)) noteFeed(parts, link, statements, results, askedAt);
          if (results instanceof Error) fail(reject, results.message);
          else if (lost) fail(reject, "D1_ERROR: Network connection lost.");
          else resolve(results);
        });
      });
    });
  }

  function run(statements: readonly Bound[], fromReplica: boolean): Result[] {
    if (fromReplica) return database.readReplica(statements);
    const stale = staleRows(statements);
    if (stale !== null) return stale;
    const results = database.transact(statements);
    if (!statements.every(({ sql }) => isRead(sql))) onCommit(results);
    return results;
  }

  /** Rows of the replica for a read of a key, when they are older than the log that the isolate has read. */
  function staleRows(statements: readonly Bound[]): Result[] | null {
    const [only] = statements;
    if (statements.length !== 1 || only === undefined || !/WHERE k\.hash/.test(only.sql)) return null;
    if (!random.happens(0.02)) return null;
    const results = database.readReplica(statements);
    const rows = results[0]?.results ?? [];
    // That a key is missing there says nothing of the log.
    const wanted = /json_each/.test(only.sql) ? (JSON.parse(String(only.values[0])) as unknown[]).length : 1;
    if (rows.length < wanted || Number(rows[0]?.asOf) >= link.knownSeq) return null;
    noteTrouble(link, world.now);
    return results;
  }

  const session = (fromReplica: boolean) => ({
    prepare: (sql: string) => statement({ sql, values: [] }, (bound) => ask([bound], fromReplica)),
    batch: (statements: readonly { readonly bound: Bound }[]) =>
      ask(
        statements.map(({ bound }) => bound),
        fromReplica,
      ),
  });
  // Without a session, and with this one, D1 asks its primary.
  return {
    ...session(false),
    withSession: (from?: string) => session(from !== "first-primary"),
  } as unknown as D1Database;
}

function statement(bound: Bound, ask: (bound: Bound) => Promise<Result[]>): unknown {
  const first = async () => (await ask(bound))[0] as Result;
  return {
    bound,
    bind: (...values: Bound["values"]) => statement({ sql: bound.sql, values }, ask),
    all: first,
    run: first,
    async first(column?: string) {
      const row = (await first()).results[0] ?? null;
      return row === null || column === undefined ? row : row[column];
    },
  };
}

function errorOf(random: Random, isCutOff: boolean): string | null {
  const value = random.next();
  if (isCutOff) return "D1_ERROR: internal error";
  if (value < 0.01) return "D1_ERROR: Network connection lost.";
  return value < 0.011 ? "D1_ERROR: D1 DB is overloaded. Requests queued for too long." : null;
}
