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

/** A resource for people, with a sentence for each of its actions: `{ title: "Jobs", actions: { READ: "List and read jobs" } }`. */
export interface ResourceWords {
  readonly title: string;
  readonly actions: Readonly<Record<string, string>>;
}

export type Words = Readonly<Record<string, ResourceWords>>;

/** The built-in roles that have a permission, besides Admin, which has every one. */
export type Placement = "viewer, developer" | "viewer" | "developer" | "admin";

/** What a policy can say otherwise than the document. */
export interface OperationOverride {
  readonly permission?: string | null;
  readonly effect?: Effect;
  /** A template that says more, such as one with a catch-all at its end. */
  readonly path?: string;
}

export type Overrides = Readonly<Record<string, OperationOverride>>;

/** What people decide about an API. */
export interface ApiPolicy<P extends string = string> {
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
  readonly overrides?: Overrides;
  /** Operations that the document lacks. */
  readonly operations?: readonly ApiOperation[];
  /** The path parameters whose values may hold an encoded slash (`%2F`). */
  readonly encodedSlash?: readonly string[];
  /** Words for people, instead of those that were made from the document, and for permissions that it does not have. */
  readonly words?: Words;
  /** The built-in roles that have each permission. */
  readonly placement: Readonly<Record<P, Placement>>;
  /** The permissions that let their holder gain access, or read a secret: people confirm it before they grant one. */
  readonly sensitive?: readonly NoInfer<P>[];
  /** The names of the environment variables that the API's own clients read: the gateway's URL, and the key. */
  readonly keyVariables?: { readonly url: string; readonly key: string };
  /** The operation whose answer names the projects of the account, and how to read them; without it, every project is accepted. */
  readonly projects?: { readonly operationId: string; readonly idsIn: (answer: unknown) => readonly string[] | null };
}

/** An operation, as it is matched and authorized. */
export interface DescribedOperation<P extends string = string> extends ApiOperation {
  readonly permission: P | null;
  /** The path parameters of this operation whose values may hold an encoded slash. */
  readonly encodedSlash?: readonly string[];
}

/** An API, joined from its document and its policy: what `#api` exports. */
export interface Api<P extends string = string> {
  readonly name: string;
  readonly title: string;
  readonly prefix: string;
  readonly parameters: ApiPolicy["parameters"];
  readonly operations: readonly DescribedOperation<P>[];
  readonly words: Words;
  readonly placement: Readonly<Record<P, Placement>>;
  readonly sensitive: ReadonlySet<string>;
  readonly keyVariables: NonNullable<ApiPolicy["keyVariables"]>;
  readonly projects: NonNullable<ApiPolicy["projects"]> | null;
}

/** The permissions that operations need, once they are overridden. A `placement` of them all is what the compiler asks for. */
export type PermissionOf<
  Operations extends readonly ApiOperation[],
  O extends Overrides = Record<never, never>,
> = NonNullable<
  { readonly [Row in Operations[number] as Row["operationId"]]: Overridden<Row, O> }[Operations[number]["operationId"]]
>;

type Overridden<Row extends ApiOperation, O extends Overrides> = O[Row["operationId"]] extends {
  readonly permission: infer P;
}
  ? P
  : Row["permission"];

/**
 * Join what the document says of an API and what its policy says. `npm run api:check` finds what contradicts in them.
 *
 * @param name the name of its folder in `api/`
 */
export function describeApi<const P extends string>(
  name: string,
  operations: readonly ApiOperation[],
  words: Words,
  policy: ApiPolicy<P>,
): Api<P> {
  const { title, prefix, parameters, overrides = {}, encodedSlash = [], placement, sensitive = [] } = policy;
  const described = [...operations, ...(policy.operations ?? [])].map(({ formats, ...operation }) => {
    const whole = { ...operation, ...overrides[operation.operationId] };
    const has = (parameter: string) => new RegExp(`\\{${parameter}(?:\\.\\.\\.)?\\}`).test(whole.path);
    const encoded = encodedSlash.filter(has);
    // An override may have another template.
    const checked = Object.entries(formats ?? {}).filter(([parameter]) => has(parameter));
    return {
      ...whole,
      ...(checked.length === 0 ? {} : { formats: Object.fromEntries(checked) }),
      ...(encoded.length === 0 ? {} : { encodedSlash: encoded }),
    } as DescribedOperation<P>;
  });
  return {
    ...{ name, title, prefix, parameters, operations: described, placement, projects: policy.projects ?? null },
    keyVariables: policy.keyVariables ?? { url: "GATEHOUSE_URL", key: "GATEHOUSE_API_KEY" },
    ...{ words: { ...words, ...policy.words }, sensitive: new Set<string>(sensitive) },
  };
}
