// Where a command works: the D1, KV and secrets of `npm start`, or those of the deployment that wrangler.toml names.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocalState } from "./local-worker.ts";
import { keep, readVars, type Vars, writeVars } from "./private-files.ts";
import { ROOT, wranglerInput, wranglerQuietly } from "./wrangler.ts";

export interface Target {
  readonly remote: boolean;
  /** Runs one statement without values. @returns its rows */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Runs statements without values in one transaction. @throws Error when nothing was done */
  execute(statements: readonly string[]): Promise<void>;
  readonly kv: {
    /** The names that begin with a prefix, and what is kept with them. */
    list(prefix: string): Promise<readonly { readonly name: string; readonly metadata?: unknown }[]>;
    /** @throws Error when there is no such name */
    get(name: string): Promise<string>;
    delete(name: string): Promise<void>;
  };
  /** The file that has the values of the secrets: Cloudflare does not show them again. */
  readonly secretsFile: string;
  /** The secrets as the file has them, or else as the environment has them. */
  secrets(): Vars;
  /** The names of the secrets that are set. */
  secretNames(): Promise<readonly string[]>;
  /** Keeps secrets in the file, and then sets them. */
  putSecrets(secrets: Readonly<Record<string, string>>): Promise<void>;
  /** To be called when nothing more is done. */
  close(): Promise<void>;
}

/** @param secretsFile from the project's root */
export function targetOf(remote: boolean, secretsFile = remote ? ".deployment.vars" : ".dev.vars"): Target {
  const path = ROOT + secretsFile;
  const secrets = () => ({ ...process.env, ...readVars(path) });
  return remote ? { ...remoteTarget(path), secretsFile, secrets } : { ...localTarget(path), secretsFile, secrets };
}

type OwnPart = Omit<Target, "secretsFile" | "secrets">;

function localTarget(path: string): OwnPart {
  let state: ReturnType<typeof openLocalState> | null = null;
  const opened = () => (state ??= openLocalState());
  return {
    remote: false,
    async query(sql) {
      const { db } = await opened();
      return (await unlocked(() => db.prepare(sql).all<Record<string, unknown>>())).results;
    },
    async execute(statements) {
      const { db } = await opened();
      await unlocked(() => db.batch(statements.map((sql) => db.prepare(sql))));
    },
    kv: {
      async list(prefix) {
        const { kv } = await opened();
        return (await unlocked(() => kv.list({ prefix }))).keys;
      },
      async get(name) {
        const { kv } = await opened();
        return required(await unlocked(() => kv.get(name)), name);
      },
      async delete(name) {
        const { kv } = await opened();
        await unlocked(() => kv.delete(name));
      },
    },
    secretNames: async () => Object.keys(readVars(path)),
    putSecrets: async (secrets) => writeVars(path, secrets),
    async close() {
      await (await state)?.runtime.dispose();
      state = null;
    },
  };
}

const TRIES = 20;
const PAUSE_MS = 250;

/** Tries again while `npm start`, another process, holds the lock of D1 or KV, which are SQLite here: nothing was done then (SQLITE_BUSY). */
async function unlocked<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      const isLocked = /internal error|SQLITE_BUSY|database is locked/.test(String((error as Error).message));
      if (!isLocked || tries === TRIES) throw error;
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

function required(text: string | null, name: string): string {
  if (text === null) throw new Error(`KV has no ${name}`);
  return text;
}

function remoteTarget(path: string): OwnPart {
  const kv = (...args: readonly string[]) =>
    wranglerQuietly(["kv", "key", ...args, "--binding", "KEY_COPIES", "--remote"]);
  return {
    remote: true,
    async query(sql) {
      const output = await wranglerQuietly(["d1", "execute", "DB", "--remote", "--json", "--command", sql]);
      return json<[{ results: Record<string, unknown>[] }]>(output)[0].results;
    },
    async execute(statements) {
      const folder = mkdtempSync(join(tmpdir(), "gatehouse-"));
      const file = join(folder, "statements.sql");
      try {
        keep(file, `${statements.join(";\n")};\n`);
        await wranglerQuietly(["d1", "execute", "DB", "--remote", "--yes", "--file", file]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    kv: {
      list: async (prefix) => json(await kv("list", "--prefix", prefix)),
      get: async (name) => {
        const output = await kv("get", name, "--text");
        return output.slice(output.indexOf("{"));
      },
      delete: async (name) => void (await kv("delete", name)),
    },
    async secretNames() {
      const output = await wranglerQuietly(["secret", "list", "--format", "json"]).catch((error: Error) => {
        // A Worker that was never deployed has none.
        if (/10007|does not exist/.test(error.message)) return "[]";
        throw error;
      });
      return json<{ name: string }[]>(output).map(({ name }) => name);
    },
    async putSecrets(secrets) {
      writeVars(path, secrets);
      await wranglerInput(["secret", "bulk"], JSON.stringify(secrets));
    },
    close: async () => {},
  };
}

/** The JSON list of an output that may begin with other lines. */
function json<List>(output: string): List {
  return JSON.parse(output.slice(output.indexOf("["))) as List;
}
