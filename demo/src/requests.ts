// Validates bodies and queries. Names every field error at once, and repeats no value of the request.
import * as z from "zod";
import { errorResponse, invalid } from "./responses.ts";

const MAX_BODY_BYTES = 256 * 1024;

/** The body as the schema parses it, or the error response. */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<T | Response> {
  const bytes = await boundedBytes(request);
  if (bytes === null) return errorResponse(413, `The body is larger than ${MAX_BODY_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return invalid(["the body is not JSON"]);
  }
  return checked(schema.safeParse(json), "body");
}

/** Counts while it reads: a Content-Length may be wrong. */
async function boundedBytes(request: Request): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** The end of the page before: the value that it is sorted by, and the id that makes the order total. */
const Boundary = z.tuple([z.union([z.string(), z.number()]), z.string()]);

const PageQuery = z.object({
  // The API documents a maximum of 100, and real clients ask for 1000: they get 100.
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .transform((n) => Math.min(n, 100))
    .default(25),
  order: z
    .string()
    .toLowerCase()
    .pipe(z.enum(["asc", "desc"]))
    .optional(),
  order_by: z.enum(["created_on", "name"]).default("created_on"),
  continuation_token: z.string().transform(readToken).optional(),
});

export interface Page {
  readonly limit: number;
  readonly descending: boolean;
  readonly orderBy: "created_at" | "name";
  readonly after: z.infer<typeof Boundary> | null;
}

/**
 * The page that a request asks for, or the error response.
 *
 * @param request the request
 * @param order the default direction
 */
export function readPage(request: Request, order: "asc" | "desc" = "asc"): Page | Response {
  const given = [...new URL(request.url).searchParams].filter(([, value]) => value !== "");
  const query = checked(PageQuery.safeParse(Object.fromEntries(given)), "query");
  if (query instanceof Response) return query;
  return {
    limit: query.limit,
    descending: (query.order ?? order) === "desc",
    orderBy: query.order_by === "name" ? "name" : "created_at",
    after: query.continuation_token ?? null,
  };
}

/** All values of a filter, `a,b` and repeated alike; `null`: the request has no such filter. */
export function readFilter(request: Request, ...names: string[]): string[] | null {
  const query = new URL(request.url).searchParams;
  const values = names.flatMap((name) => query.getAll(name)).flatMap((value) => value.split(","));
  const given = values.filter((value) => value !== "");
  return given.length === 0 ? null : given;
}

export function writeToken(boundary: z.infer<typeof Boundary>): string {
  return new TextEncoder().encode(JSON.stringify(boundary)).toBase64({ alphabet: "base64url", omitPadding: true });
}

function readToken(text: string, context: z.RefinementCtx): z.infer<typeof Boundary> {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    return Boundary.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    context.addIssue({ code: "custom", message: "not a token of this API" });
    return z.NEVER;
  }
}

function checked<T>(result: z.ZodSafeParseResult<T>, whole: string): T | Response {
  if (result.success) return result.data;
  return invalid(result.error.issues.map(({ path, message }) => `${path.join(".") || whole}: ${message}`));
}
