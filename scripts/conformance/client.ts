// Reads a response as the generated Go client does: content type first, then member by member, every enumeration closed.
// Stricter than Go in two ways, since the CLI dereferences: a required member must be there, an array is never null.

/** One response as received. */
export interface RawResponse {
  readonly status: number;
  readonly contentType: string | null;
  readonly bytes: Uint8Array;
}

/** Returns the problems of a value, each with its place in front. */
export type Decoder = (value: unknown, at: string) => readonly string[];

export type Members = Readonly<Record<string, unknown>>;

export interface Decoded {
  readonly value: unknown;
  readonly problems: readonly string[];
}

// The client's own pattern, unanchored as there.
const JSON_TYPE = /((?:application|text)\/(?:vnd\.[^;]+\+)?json)/i;

/** Decodes a body. The client accepts an empty one for every operation; step.ts decides whether it may be empty. */
export function decode(response: RawResponse, decoder: Decoder): Decoded {
  if (response.bytes.length === 0) return { value: undefined, problems: [] };
  if (!JSON_TYPE.test(response.contentType ?? "")) {
    return { value: undefined, problems: [`undefined response type: ${response.contentType ?? "no Content-Type"}`] };
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(response.bytes));
  } catch {
    return { value: undefined, problems: ["the body is not JSON"] };
  }
  return { value, problems: decoder(value, "") };
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How a problem names a value. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function typed(wanted: string, holds: (value: unknown) => boolean): Decoder {
  return (value, at) => (holds(value) ? [] : [`${at}: ${kindOf(value)}, wanted ${wanted}`]);
}

export const anything: Decoder = () => [];
export const string = typed("string", (value) => typeof value === "string");
export const text = typed("non-empty string", (value) => typeof value === "string" && value !== "");
export const boolean = typed("boolean", (value) => typeof value === "boolean");
export const int32 = typed("int32", (value) => Number.isInteger(value) && Math.abs(Number(value)) <= 0x7fff_ffff);

/** An enumeration: one unknown value makes the client reject the whole response. */
export function oneOf(name: string, known: Iterable<string>): Decoder {
  const values = new Set(known);
  return (value, at) => {
    if (typeof value !== "string") return [`${at}: ${kindOf(value)}, wanted ${name}`];
    return values.has(value) ? [] : [`${at}: ${JSON.stringify(value)} is not a valid ${name}`];
  };
}

export function nullable(decoder: Decoder): Decoder {
  return (value, at) => (value === null ? [] : decoder(value, at));
}

export function listOf(item: Decoder): Decoder {
  return (value, at) => {
    if (!Array.isArray(value)) return [`${at}: ${kindOf(value)}, wanted array`];
    return value.flatMap((each, index) => item(each, `${at}[${index}]`));
  };
}

/** An object; members that neither table names are ignored, as the client ignores them. */
export function object(required: Record<string, Decoder>, optional: Record<string, Decoder> = {}): Decoder {
  return (value, at) => {
    if (!isMembers(value)) return [`${at || "body"}: ${kindOf(value)}, wanted object`];
    const place = (name: string) => (at === "" ? name : `${at}.${name}`);
    return [
      ...Object.entries(required).flatMap(([name, member]) => member(value[name], place(name))),
      ...Object.entries(optional).flatMap(([name, member]) =>
        value[name] === undefined ? [] : member(value[name], place(name)),
      ),
    ];
  };
}
