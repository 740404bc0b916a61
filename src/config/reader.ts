// Reads bindings, variables and secrets by name, and collects everything that is wrong with them. Knows no name itself.

/** What Cloudflare hands to the Worker: bindings by name, variables and secrets as text. */
export type Env = Readonly<Record<string, unknown>>;

/** The value of every secret in .dev.vars.example: what the Deploy to Cloudflare button sets when it is not replaced. */
const PLACEHOLDER = "generate-me";

/** Reads one environment. A method whose value is missing or wrong adds an error and returns `null` or the fallback. */
export class ConfigReader {
  /** One sentence each; none repeats a value, which may be a secret. */
  readonly errors: string[] = [];
  /** The required values that are not set; each has an error too. */
  readonly missing: string[] = [];
  readonly #env: Env;
  readonly #names = new Set<string>();

  constructor(env: Env) {
    this.#env = env;
  }

  /** Adds an error for every name that has not been read until now: a mistyped one would otherwise have no effect. */
  rejectUnknownNames(): void {
    for (const name of Object.keys(this.#env)) {
      if (!this.#names.has(name)) this.errors.push(`${name} is not a variable of Gatehouse`);
    }
  }

  /** A text; `null` when it is missing or empty. */
  text(name: string): string | null {
    const value = this.#value(name);
    if (value === undefined || value === "") return null;
    if (typeof value === "string") return value;
    this.errors.push(`${name} must be text`);
    return null;
  }

  /** A secret; `null` when it is missing, empty, or not replaced in .dev.vars.example. */
  secret(name: string): string | null {
    const text = this.text(name);
    return text === PLACEHOLDER ? null : text;
  }

  /** Adds the error of a required value that is not set. */
  addMissing(name: string, description: string): null {
    this.missing.push(name);
    this.errors.push(`${name} is missing: ${description}`);
    return null;
  }

  /**
   * A binding.
   *
   * @param member a method that shows that it is of the right kind
   */
  binding<T>(name: string, member: string, description: string): T | null {
    const value = this.#value(name) as Record<string, unknown> | null | undefined;
    if (typeof value?.[member] === "function") return value as T;
    this.errors.push(`${name} must be bound to ${description}`);
    return null;
  }

  /** A binding that may be missing. */
  optionalBinding<T>(name: string, member: string, description: string): T | null {
    return this.#value(name) === undefined ? null : this.binding<T>(name, member, description);
  }

  /** A decimal number from `min` to `max`. */
  number(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= min && value <= max) return value;
    this.errors.push(`${name} must be a number from ${min} to ${max}`);
    return fallback;
  }

  /** A whole number from `min` to `max`. */
  whole(name: string, fallback: number, min: number, max: number): number {
    const value = this.number(name, fallback, min, max);
    if (Number.isInteger(value)) return value;
    this.errors.push(`${name} must be a whole number`);
    return fallback;
  }

  /** One of several words. */
  choice<const C extends string>(name: string, choices: readonly C[], fallback: C): C {
    const text = this.text(name) ?? fallback;
    const choice = choices.find((each) => each === text);
    if (choice !== undefined) return choice;
    this.errors.push(`${name} must be one of ${choices.join(", ")}`);
    return fallback;
  }

  /**
   * A comma-separated list, without repetitions.
   *
   * @param parse the item in canonical form, or `null` when it is wrong
   */
  list(name: string, parse: (item: string) => string | null, description: string): ReadonlySet<string> {
    const items = (this.text(name) ?? "").split(",").map((item) => item.trim());
    const parsed = items.filter((item) => item !== "").map(parse);
    if (parsed.includes(null)) this.errors.push(`${name} must list ${description}, separated by commas`);
    return new Set(parsed.filter((item) => item !== null));
  }

  #value(name: string): unknown {
    this.#names.add(name);
    return this.#env[name];
  }
}

/** Whether a host name is this machine: plain http to it leaves no machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
