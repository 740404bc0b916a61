// Reads an answer as the generated Go client does: content type first, then member by member, every enumeration closed.
// Stricter than Go in two ways, since its callers dereference: a required member must be there, an array is never null.

/** One answer as it came off the wire. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly bytes: Uint8Array;
}

/** Says what is wrong with a value; each fault opens with its place. */
export type Decoder = (value: unknown, at: string) => readonly string[];

export type Members = Readonly<Record<string, unknown>>;

export interface Decoded {
  readonly value: unknown;
  readonly faults: readonly string[];
}

// The client's own pattern, unanchored as there. Anything else is "undefined response type" to it.
const JSON_TYPE = /((?:application|text)\/(?:vnd\.[^;]+\+)?json)/i;

/** The body of an answer, decoded. An empty body is fine for the client; whether it may be empty is the caller's matter. */
export function decode(answer: Answer, decoder: Decoder): Decoded {
  if (answer.bytes.length === 0) return { value: undefined, faults: [] };
  if (!JSON_TYPE.test(answer.contentType ?? "")) {
    return { value: undefined, faults: [`undefined response type: ${answer.contentType ?? "no Content-Type"}`] };
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(answer.bytes));
  } catch {
    return { value: undefined, faults: ["the body is not JSON"] };
  }
  return { value, faults: decoder(value, "") };
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How a fault names what was found instead. */
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

/** An enumeration: one unknown value makes the client throw the whole answer away. */
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
