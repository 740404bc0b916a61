// A call as it came in. Each look at a member of a Request leaves JavaScript for the runtime, so members are read once. All
// headers at once take up to 10 µs (npm run bench:forward): only for a call that is likely to go on, which needs them all.

/** Header fields to be read: `Headers`, or a map that was made of them. Names are lower case, repeats joined with ", ". */
export interface Fields {
  get(name: string): string | null | undefined;
  has(name: string): boolean;
  forEach(each: (value: string, name: string) => void): void;
}

/** What a call came with. Every `Request` is one as well. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Fields;
  readonly body: ReadableStream | null;
  /** What the platform says of the call: https://developers.cloudflare.com/workers/runtime-apis/request/ */
  readonly cf?: unknown;
}

/** Reads a call that may be refused by little more than its address and one header. */
export function receive(request: Request): Received {
  return new Looked(request, request.method, request.url, request.headers);
}

/** Reads all headers of a call that is likely to go on. */
export function receiveAll(request: Request, { method, url }: Received): Received {
  return new Looked(request, method, url, new Map(request.headers));
}

// A class, because the getters of an object literal would be made anew for each call.
class Looked implements Received {
  readonly #request: Request;
  readonly method: string;
  readonly url: string;
  readonly headers: Fields;

  constructor(request: Request, method: string, url: string, headers: Fields) {
    this.#request = request;
    this.method = method;
    this.url = url;
    this.headers = headers;
  }

  // Two objects of the runtime that few calls need.
  get body(): ReadableStream | null {
    return this.#request.body;
  }

  get cf(): unknown {
    return (this.#request as { readonly cf?: unknown }).cf;
  }
}
