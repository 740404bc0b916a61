// The Worker's entry: builds the application once per isolate, and hands requests and scheduled events to it. No logic.
import { type Env, type FirstStart, type InvalidConfig, readConfig } from "./config/config.ts";
import { handleRequest } from "./gateway/handle-request.ts";
import { createLog } from "./log.ts";
import { PAUSE_MS } from "./store/lib/timeouts.ts";
import { type App, createApp, type Runtime } from "./wiring/app.ts";

const runtime: Runtime = {
  clock: {
    now: () => Date.now(),
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    pause: () => new Promise((resume) => setTimeout(resume, PAUSE_MS)),
  },
  random: Math.random,
};

const unconfiguredLog = createLog({ sample: 0, format: "json" }, runtime.clock.now, runtime.random);

type Built = App | InvalidConfig;

let current: { readonly env: Env; readonly built: Built } | null = null;

/** The application of this isolate, or what is wrong with its configuration: the caches live as long as it does. */
function appFor(env: Env): Built {
  if (current?.env !== env) {
    const read = readConfig(env);
    current = { env, built: "config" in read ? createApp(read.config, runtime) : read };
    if ("errors" in read) unconfiguredLog.write("config", { faults: read.errors });
  }
  return current.built;
}

async function unconfigured(request: Request, firstStart: FirstStart | null): Promise<Response> {
  const { serveUnconfigured } = await import("./wiring/unconfigured.ts");
  return serveUnconfigured(request, firstStart, unconfiguredLog);
}

export default {
  fetch(request, env, context): Response | Promise<Response> {
    const app = appFor(env);
    if ("errors" in app) return unconfigured(request, app.firstStart);
    return handleRequest(request, app.gateway, (work) => context.waitUntil(work));
  },

  async scheduled(_controller, env): Promise<void> {
    const app = appFor(env);
    if ("errors" in app) return;
    const { runScheduled } = await app.maintenance();
    await runScheduled(runtime.clock.now());
  },
} satisfies ExportedHandler<Env>;
