// Wires the reports of leaked keys. app.ts loads it with the first of them.
import type { Config } from "../config/config.ts";
import type { Leaks } from "../gateway/gateway.ts";
import { createGithubKeys } from "../store/leaks/github-keys.ts";
import { createLeakReports } from "../store/leaks/reports.ts";
import type { Clock } from "../store/lib/timeouts.ts";
import { configureStore } from "../store/store-config.ts";
import { storeConfig } from "./store-config.ts";

/** @param afterChange runs once keys of an account were changed. Never rejects */
export function createLeaks(
  config: Config,
  clock: Clock,
  afterChange: Parameters<typeof createLeakReports>[0]["onChange"],
): Leaks {
  const { db, leaks } = config;
  configureStore(db, storeConfig(config));
  const { secret, githubKeysUrl: url } = leaks;
  return {
    reports: createLeakReports({ db, now: clock.now, onChange: afterChange }),
    github: url === null ? null : createGithubKeys({ fetch: (to, init) => fetch(to, init), clock, url }),
    secret,
  };
}
