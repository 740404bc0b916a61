// A Worker on this machine, on Miniflare itself. `wrangler dev` also opens an explorer of D1 and KV, a debugger and triggers
// for scheduled events, all to every process and page that can reach a local port, and none of them asks for a key.
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { apiArguments } from "./api/chosen-api.ts";
import { ROOT, wranglerQuietly } from "./wrangler.ts";

/** The state of `npm start`, from the project's root. */
export const LOCAL_STATE = ".dev/state";

export interface LocalWorker {
  /** The Worker's configuration, from the project's root: its bindings, but none of its secrets. */
  readonly config: string;
  /** The API it is built for; left out: that of api/index.ts. */
  readonly api?: string | null;
  /** 0: any free one. */
  readonly port: number;
  /** The folder of its D1, KV and other state. No other process may have it open. */
  readonly state: string;
  /** Variables and secrets; they come before those of the configuration. */
  readonly vars: Readonly<Record<string, string>>;
  /** Takes every line that the Worker logs. */
  readonly onLog: (line: string) => void;
  /** Called when its process has ended by itself: once it was started again, or with the error of that, after which it is not served. */
  readonly onEnd: (error: Error | null) => void;
}

export interface RunningWorker {
  /** `http://127.0.0.1:8787` */
  readonly origin: string;
  /** Runs the Worker's scheduled event once. */
  scheduled(): Promise<void>;
  /** Starts it anew. @throws Error when that fails */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Builds a Worker as it is deployed and serves it on the loopback address.
 *
 * @throws Error when it cannot be built, or the port is taken
 */
export async function startLocalWorker(worker: LocalWorker): Promise<RunningWorker> {
  const { config, port, state, vars, onLog, onEnd, api = null } = worker;
  const build = `${ROOT}${state}/worker`;
  await wranglerQuietly(["deploy", "--dry-run", "--outdir", build, "-c", config, ...apiArguments(api)]);
  const { bindings, ...options } = optionsOf(config);
  const start = () =>
    new Miniflare(
      convertV4MiniflareOptions({
        ...{ host: "127.0.0.1", port, ...stateIn(state), log: new RestartErrors(onEnd) },
        unsafeHandleRuntimeRestart: () => onEnd(null),
        handleStructuredLogs: ({ message }: { message: string }) => onLog(message),
        ...options,
        rootPath: build,
        modules: [{ type: "ESModule", path: `${build}/index.js` }],
        bindings: { ...bindings, ...vars },
      } as unknown as V4MiniflareOptions),
    );
  let runtime = start();
  const { origin } = await runtime.ready;
  return {
    origin,
    async scheduled() {
      const worker = await runtime.getWorker();
      await worker.scheduled({ cron: "* * * * *" });
    },
    async restart() {
      await runtime.dispose();
      runtime = start();
      await runtime.ready;
    },
    stop: () => runtime.dispose(),
  };
}

/** Miniflare starts its process again when it has ended. Only its log says that this has failed. */
class RestartErrors extends Log {
  readonly #onError: (error: Error) => void;

  constructor(onError: (error: Error) => void) {
    super(LogLevel.ERROR);
    this.#onError = onError;
  }

  override error(error: Error): void {
    if ((error as { code?: string }).code === "ERR_RUNTIME_FAILURE") this.#onError(error);
    else super.error(error);
  }
}

/** The D1 and KV of `npm start`, also while it runs. The runtime must be stopped with `dispose`. */
export async function openLocalState(): Promise<{ runtime: Miniflare; db: D1Database; kv: KVNamespace }> {
  const { d1Databases, kvNamespaces } = optionsOf("wrangler.toml");
  const script = { modules: true, script: "export default {}", compatibilityDate: "2026-10-20" };
  const options = { ...script, ...stateIn(LOCAL_STATE), d1Databases, kvNamespaces };
  const runtime = new Miniflare(convertV4MiniflareOptions(options as unknown as V4MiniflareOptions));
  const db = (await runtime.getD1Database("DB")) as unknown as D1Database;
  return { runtime, db, kv: (await runtime.getKVNamespace("KEY_COPIES")) as unknown as KVNamespace };
}

/** What wrangler.toml declares, as Miniflare takes it. */
function optionsOf(config: string): Record<string, object> {
  // Otherwise wrangler says on the terminal that it reads .dev.vars.
  process.env.WRANGLER_LOG = "error";
  const { workerOptions } = unstable_getMiniflareWorkerOptions(ROOT + config);
  const { modulesRules: _all, ...options } = workerOptions as Record<string, object>;
  return options;
}

// Without `cf`, a sample of it would be fetched from outside.
const stateIn = (state: string) => ({ resourcePersistencePath: `${ROOT}${state}/v3`, cf: false });
