// The settings of `npm start`: those of .dev.vars and of the environment, for the gateway only.
//
// wrangler gives a Worker of .dev.vars what wrangler.toml declares as secrets, and drops the rest without a word. So the gateway
// starts with a configuration that declares every setting that is there. They are handed over in a file, not in arguments,
// which every process of the machine may read.
import { parseEnv } from "node:util";
import { readConfig } from "../src/config/config.ts";

export type Settings = Readonly<Record<string, string>>;

const BINDINGS = ["DB", "KEY_COPIES", "ASSETS", "UPSTREAM", "AUTH_FAILURE_RATE_LIMIT", "KEY_RATE_LIMIT"];

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

/** The text of an environment file, as wrangler reads it. */
export function toEnvFile(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join("");
}

function quoted(value: string): string {
  const quote = ["'", "`", '"'].find((each) => !value.includes(each));
  if (quote === undefined || /[\r\n]/.test(value))
    throw new Error("a setting has every kind of quote, or a line break");
  return quote + value + quote;
}

/**
 * wrangler.toml with every setting declared as a secret.
 *
 * @throws when wrangler.toml declares no secrets
 */
export function declareSettings(wranglerToml: string, settings: Settings): string {
  const declared = /^(\[secrets\]\n(?:#.*\n)*required = )\[[^\]]*\]/m;
  if (!declared.test(wranglerToml)) throw new Error("wrangler.toml has no [secrets] with a list that is required");
  // What it declares as a variable already may not be declared twice; wrangler takes its value from the file all the same.
  const names = Object.keys(settings).filter((name) => !new RegExp(`^${name} = `, "m").test(wranglerToml));
  return wranglerToml.replace(declared, `$1${JSON.stringify(names)}`);
}
