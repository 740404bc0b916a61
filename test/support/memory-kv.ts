// A KV namespace in memory, for tests that make thousands of them.

export interface MemoryKv {
  readonly kv: KVNamespace;
  /** What it holds, as text. */
  readonly values: Map<string, string>;
}

export function memoryKv(): MemoryKv {
  const values = new Map<string, string>();
  const kv = {
    async get(name: string, options?: "json" | "text" | { readonly type?: string }) {
      const text = values.get(name) ?? null;
      const type = typeof options === "object" ? options.type : options;
      return text !== null && type === "json" ? JSON.parse(text) : text;
    },
    async put(name: string, text: string) {
      values.set(name, text);
    },
  };
  return { kv: kv as unknown as KVNamespace, values };
}
