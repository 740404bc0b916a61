// A real D1 database whose statements are recorded, and which a test can delay, silence or fail.
import type { D1Database, D1DatabaseSession, D1PreparedStatement } from "@cloudflare/workers-types";
import type { Trouble } from "./modelled-store.ts";

export interface FaultyD1 {
  readonly db: D1Database;
  /** The SQL of every statement that was run, those of batches included. */
  readonly ran: string[];
  /** What happens to statements from now on; a function decides for each. */
  trouble: Trouble | ((sql: string) => Trouble);
  /** Runs before every statement. */
  before: ((sql: string) => Promise<void>) | null;
  /** Batches are run, and their answers are lost with this error. */
  losesAnswers: Error | null;
  /** Whether a statement was left without an answer. */
  wasSilent: boolean;
}

/** Wraps a database; without `trouble` it behaves as before. */
export function faultyD1(real: D1Database): FaultyD1 {
  const texts = new WeakMap<object, string>();
  const originals = new WeakMap<object, D1PreparedStatement>();

  async function meet(sql: string): Promise<void> {
    faulty.ran.push(sql);
    await faulty.before?.(sql);
    const trouble = typeof faulty.trouble === "function" ? faulty.trouble(sql) : faulty.trouble;
    if (trouble === "silent") {
      faulty.wasSilent = true;
      await new Promise(() => undefined);
    }
    if (trouble instanceof Error) throw trouble;
  }

  function prepared(statement: D1PreparedStatement, sql: string): D1PreparedStatement {
    const wrapped = new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => prepared(target.bind(...values), sql);
        const own = Reflect.get(target, name);
        if (typeof own !== "function") return own;
        return async (...given: unknown[]) => {
          await meet(sql);
          return Reflect.apply(own, target, given);
        };
      },
    });
    texts.set(wrapped, sql);
    originals.set(wrapped, statement);
    return wrapped;
  }

  function database<T extends D1Database | D1DatabaseSession>(target: T): T {
    return new Proxy(target, {
      get(inner, name) {
        if (name === "prepare") return (sql: string) => prepared(inner.prepare(sql), sql);
        if (name === "withSession") return (from: string) => database((inner as D1Database).withSession(from));
        if (name === "batch") {
          return async (statements: D1PreparedStatement[]) => {
            for (const statement of statements) await meet(texts.get(statement) as string);
            const results = await inner.batch(
              statements.map((statement) => originals.get(statement) as D1PreparedStatement),
            );
            if (faulty.losesAnswers !== null) throw faulty.losesAnswers;
            return results;
          };
        }
        const own = Reflect.get(inner, name);
        return typeof own === "function" ? own.bind(inner) : own;
      },
    });
  }

  const faulty: FaultyD1 = {
    db: database(real),
    ran: [],
    trouble: null,
    before: null,
    losesAnswers: null,
    wasSilent: false,
  };
  return faulty;
}
