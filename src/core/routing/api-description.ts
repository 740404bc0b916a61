// What Gatehouse has to know of the API behind it. `api/<name>/operations.ts` has what the OpenAPI document says, and
// `api/<name>/policy.ts` what it cannot say; `describeApi` joins the two.

/** The methods of operations. HEAD is matched as GET where a template has no HEAD of its own. */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
export type Method = (typeof METHODS)[number];

/** Whether an operation changes something. */
export type Effect = "safe" | "mutating";

/** What the values of a path parameter are: anything else matches no operation. A pattern is that of JSON Schema: not anchored. */
export type ParameterFormat = "uuid" | "integer" | { readonly pattern: string } | { readonly enum: readonly string[] };

/** One operation of the API. */
export interface ApiOperation {
  readonly operationId: string;
  readonly method: Method;
  /** The template of its path, from the root of the host. The grammar is that of route-matcher.ts. */
  readonly path: string;
  /** `RESOURCE:ACTION`; `null`: every valid key and operator. */
  readonly permission: string | null;
  readonly effect: Effect;
  /** The path parameters whose values the document describes. */
  readonly formats?: Readonly<Record<string, ParameterFormat>>;
}

/** The lowest of the built-in roles that has a permission. */
export type Placement = "viewer" | "developer" | "admin";

/** A resource in words for people, with a sentence for each action: `{ title: "Jobs", actions: { READ: "List and read jobs" } }`. */
export interface ResourceWords {
  readonly title: string;
  readonly actions: Readonly<Record<string, string>>;
}

/** What people decide about an API: `api/<name>/policy.ts`. */
export interface ApiPolicy<Operations extends readonly ApiOperation[] = readonly ApiOperation[]> {
  /** The name of the API, for people. */
  readonly title: string;
  /** All paths of the API are below this one, without a slash at its end: `/v1`; "" for the root. */
  readonly prefix: string;
  /** The path parameters that name the account, the project and the cluster; `null`: the API has none. */
  readonly parameters: {
    readonly account: string | null;
    readonly project: string | null;
    readonly cluster: string | null;
  };
  /** What differs from the document, by operationId. */
  readonly overrides?: Partial<Readonly<Record<Operations[number]["operationId"], OperationOverride>>>;
  /** Operations that the document lacks, or that a log line of `npm start` has shown. */
  readonly operations?: readonly ApiOperation[];
  /** The path parameters whose values may hold an encoded slash (`%2F`). */
  readonly encodedSlash?: readonly string[];
  /** Words for people, instead of those that were made from the document. */
  readonly words?: Readonly<Record<string, ResourceWords>>;
  /** The lowest built-in role of every permission. */
  readonly placement: Readonly<Record<string, Placement>>;
  /** The permissions that let their holder gain access or read a secret: people confirm it before they grant one. */
  readonly sensitive?: readonly string[];
}

/** What a policy can say otherwise than the document. */
export interface OperationOverride {
  readonly permission?: string | null;
  readonly effect?: Effect;
  /** A template that says more, such as one with a catch-all at its end. */
  readonly path?: string;
}
