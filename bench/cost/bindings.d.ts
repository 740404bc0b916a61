// The adapters of src/store name the runtime's types as globals; here only these of them are wanted, beside Node's.
type D1Database = import("@cloudflare/workers-types").D1Database;
type D1DatabaseSession = import("@cloudflare/workers-types").D1DatabaseSession;
type D1PreparedStatement = import("@cloudflare/workers-types").D1PreparedStatement;
type D1Result<T = unknown> = import("@cloudflare/workers-types").D1Result<T>;
type KVNamespace = import("@cloudflare/workers-types").KVNamespace;
declare const IdentityTransformStream: new () => TransformStream<Uint8Array, Uint8Array>;
declare const FixedLengthStream: new (length: number) => TransformStream<Uint8Array, Uint8Array>;
