// A call as it came in. Each look at a member of a Request leaves JavaScript for the runtime, so members are read once. All
// headers at once take 5 to 10 µs (npm run bench:forward): not before somebody asks for what only all of them tell.

/** Header fields to be read: `Headers`, or what was read of them. Names are lower case, repeats joined with ", ". */
export interface HeaderFields {
  get(name: string): string | null;
  has(name: string): boolean;
  forEach(each: (value: string, name: string) => void): void;
}

/** What a call came with. Every `Request` is one as well. */
export interface IncomingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderFields;
  readonly body: ReadableStream | null;
  /** What the platform says of the call: https://developers.cloudflare.com/workers/runtime-apis/request/ */
  readonly cf?: unknown;
}

/** The same call. One header is read from the request; whether there is one, or which there are, is read of all at once. */
export function toIncomingRequest(request: Request): IncomingRequest {
  return new LazyRequest(request);
}

// Classes, because the getters of an object literal would be made anew for each call.
class LazyRequest implements IncomingRequest {
  readonly #request: Request;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderFields;

  constructor(request: Request) {
    this.#request = request;
    this.method = request.method;
    this.url = request.url;
    this.headers = new LazyHeaders(request.headers);
  }

  // Two objects of the runtime that few calls need.
  get body(): ReadableStream | null {
    return this.#request.body;
  }

  get cf(): unknown {
    return (this.#request as { readonly cf?: unknown }).cf;
  }
}

class LazyHeaders implements HeaderFields {
  readonly #headers: Headers;
  #all: Map<string, string> | null = null;

  constructor(headers: Headers) {
    this.#headers = headers;
  }

  get(name: string): string | null {
    return this.#all === null ? this.#headers.get(name) : (this.#all.get(name) ?? null);
  }

  has(name: string): boolean {
    return this.#read().has(name);
  }

  forEach(each: (value: string, name: string) => void): void {
    this.#read().forEach(each);
  }

  #read(): Map<string, string> {
    if (this.#all !== null) return this.#all;
    const all = new Map<string, string>();
    // The runtime calls back faster than its iterators step on (npm run bench:forward).
    this.#headers.forEach((value, name) => {
      all.set(name, value);
    });
    this.#all = all;
    return all;
  }
}
