// The settings of `npm start`: those of .dev.vars and of the environment, for the gateway only.
import { parseEnv } from "node:util";
import { readConfig } from "../src/config/config.ts";

export type Settings = Readonly<Record<string, string>>;

const BINDINGS = ["DB", "KEY_COPIES", "ASSETS", "AUDIT_HEADS", "UPSTREAM", "AUTH_FAILURE_RATE_LIMIT", "KEY_RATE_LIMIT"];

/** The names of the variables and secrets that the gateway reads: all that it looks for in an environment, but bindings. */
export const SETTINGS: readonly string[] = namesRead().filter((name) => !BINDINGS.includes(name));

function namesRead(): string[] {
  const names = new Set<string>();
  readConfig(new Proxy({}, { get: (_, name) => void names.add(String(name)) }));
  return [...names];
}

/**
 * The settings that somebody has made. The environment comes before the file.
 *
 * @param devVars the text of .dev.vars; whatever it names is a setting, so that the gateway reports a mistyped one
 * @param environment of which only known settings are taken
 */
export function readSettings(devVars: string, environment: Readonly<Record<string, string | undefined>>): Settings {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(devVars))) if (value !== undefined) settings[name] = value;
  for (const name of SETTINGS) {
    const value = environment[name];
    if (value !== undefined && value !== "") settings[name] = value;
  }
  return settings;
}
