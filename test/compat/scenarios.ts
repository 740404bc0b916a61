// The scenarios: requests that a client sends one after the other, and what their results have to show.

/** A request, as each client program reads it. */
export interface Step {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. `if-none-match` gets the `ETag` of the response before. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the client follows redirects; `node:http` cannot. */
  readonly follow?: boolean;
  readonly text?: string;
  /** A body of so many bytes in place of a text, a multiple of 16. */
  readonly size?: number;
  readonly chunked?: boolean;
  /** Break off the body after so many of its bytes, a multiple of 16,384. */
  readonly breakAfter?: number;
  /** Stop reading once the response contains this text. */
  readonly until?: string;
}

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The response comes in parts that the server sends one by one. */
  readonly streams?: boolean;
  /** A text that no response may contain: what must not have come about. */
  readonly mustLack?: string;
}

/** When the files of the servers were changed last. */
export const MODIFIED = new Date("2026-01-01T00:00:00Z");

const FILE = "/files/text.txt";
const BYTES = { "content-type": "application/octet-stream" };
const MIB = 1_048_576;

/** Requests with this in their query have to share one connection. */
export const REUSE = "reuse=";

function get(path: string, headers: Readonly<Record<string, string>> = {}): Step {
  return { method: "GET", path, headers };
}

function put(name: string, body: Partial<Step>): Step {
  return { method: "PUT", path: `/uploads/${name}`, headers: BYTES, ...body };
}

function post(path: string, text: string, type = "application/json"): Step {
  return { method: "POST", path, text, headers: { "content-type": type } };
}

export const SCENARIOS: readonly Scenario[] = [
  { name: "GET, then conditional GET", steps: [get(FILE), get(FILE, { "if-none-match": "etag" })] },
  { name: "If-Modified-Since", steps: [get(FILE, { "if-modified-since": MODIFIED.toUTCString() })] },
  { name: "one range", steps: [get(FILE, { range: "bytes=0-99" }), get(FILE, { range: "bytes=100-4099" })] },
  { name: "several ranges", steps: [get(FILE, { range: "bytes=0-9,20-29" })] },
  { name: "HEAD", steps: [{ method: "HEAD", path: FILE }] },
  { name: "gzip", steps: [get(FILE, { "accept-encoding": "gzip" })] },
  { name: "identity", steps: [get(FILE, { "accept-encoding": "identity" })] },
  { name: "redirect to an absolute URL", steps: [get("/moved"), { ...get("/moved"), follow: true }] },
  { name: "redirect to a folder", steps: [{ ...get("/files"), follow: true }] },
  { name: "form", steps: [post("/form", "name=a%26b&note=two+words", "application/x-www-form-urlencoded")] },
  { name: "JSON", steps: [post("/json", '{"name":"café","list":[1]}')] },
  { name: "malformed JSON", steps: [post("/json?malformed", "{")] },
  { name: "chunked upload", steps: [put("chunked", { size: 98_304, chunked: true })] },
  { name: "upload of 5 MiB", steps: [put("large", { size: 5 * MIB })] },
  { name: "download of 20 MiB", steps: [get("/download")] },
  { name: "server-sent events", streams: true, steps: [get("/events", { accept: "text/event-stream" })] },
  { name: "one connection", steps: [1, 2, 3].map((count) => get(`/items?${REUSE}${count}`)) },
  { name: "slow answer", steps: [get("/slow")] },
  { name: "pagination by Link", steps: [get("/items?_page=1&_limit=1")] },
  { name: "204", steps: [{ method: "DELETE", path: "/items/1" }] },
  { name: "404 and 500", steps: [get("/missing"), get("/error")] },
  {
    name: "etcd: put, range, watch",
    steps: [
      post("/v3/kv/put", '{"key":"Zm9v","value":"YmFy"}'),
      post("/v3/kv/range", '{"key":"Zm9v"}'),
      { ...post("/v3/watch", '{"create_request":{"key":"Zm9v","start_revision":"1"}}'), until: "YmFy" },
    ],
  },
  {
    name: "RabbitMQ: GET, then conditional GET",
    steps: [get("/api/index.html"), get("/api/index.html", { "if-none-match": "etag" })],
  },
  {
    name: "RabbitMQ: overview, exchange",
    steps: [
      get("/api/overview?columns=management_version,node"),
      { ...post("/api/vhosts/compat", "{}"), method: "PUT" },
      { ...post("/api/exchanges/compat/events", '{"type":"topic"}'), method: "PUT" },
      get("/api/exchanges/compat/events"),
      { method: "DELETE", path: "/api/exchanges/compat/events" },
      get("/api/exchanges/compat/events"),
      { method: "DELETE", path: "/api/vhosts/compat" },
    ],
  },
  {
    name: "RabbitMQ: names that are encoded",
    steps: ["two%20words", "a@b:c", "caf%C3%A9", "%E6%97%A5%E6%9C%AC", "a%2Fb"].flatMap((name) => [
      { ...post(`/api/queues/%2F/${name}`, "{}"), method: "PUT" },
      get(`/api/queues/%2F/${name}?columns=name,vhost,durable`),
      { method: "DELETE", path: `/api/queues/%2F/${name}` },
    ]),
  },
  {
    // The last, so that nothing of the broken uploads is still on its way when they are listed.
    name: "upload broken off",
    mustLack: "broken-",
    steps: [
      put("broken-short", { size: 131_072, breakAfter: 32_768 }),
      put("broken-sized", { size: MIB, breakAfter: 262_144 }),
      put("broken-chunked", { size: MIB, breakAfter: 262_144, chunked: true }),
      get("/slow"),
      get("/uploads"),
    ],
  },
];
