// The code of a KV copy: random edits, and the rotation of the ring.
import { expect, it } from "vitest";
import type { KeyHash } from "../../../src/core/access/principal.ts";
import { readKeyRing } from "../../../src/core/token/api-key-token.ts";
import { copyName, createKvCopies } from "../../../src/store/key-cache/kv-copies.ts";
import type { KeyCopy } from "../../../src/store/key-cache/ports.ts";
import { memoryKv } from "../../support/memory-kv.ts";
import { seededRandom } from "../../support/random.ts";

const SECRETS = { old: "b".repeat(43), new: "d".repeat(43) };

function ringOf(...ids: (keyof typeof SECRETS)[]) {
  const read = readKeyRing(JSON.stringify(Object.fromEntries(ids.map((id) => [id, `${SECRETS[id].slice(0, 42)}A`]))));
  if ("errors" in read) throw new Error(read.errors.join(" "));
  return read.ring;
}

const HASH = "a".repeat(64) as KeyHash;
const COPY: KeyCopy = {
  ...{ id: "k", accountId: "a", name: "Zürich €", version: 1, roleId: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4" },
  ...{
    roleName: "Viewer",
    permissions: null,
    restricted: 0,
    rules: "[]",
    expiresAt: null,
    revokedAt: null,
    disabledAt: null,
    canary: 0,
    trial: null,
  },
  asOf: 7,
};

it("reads what it has written, under any secret of the ring", async () => {
  const { kv } = memoryKv();
  await createKvCopies(kv, ringOf("old")).put(HASH, COPY);
  for (const ring of [ringOf("old"), ringOf("old", "new"), ringOf("new", "old")]) {
    expect(await createKvCopies(kv, ring).get(HASH)).toMatchObject({ asOf: 7, record: { name: "Zürich €" } });
  }
  expect(await createKvCopies(kv, ringOf("new")).get(HASH)).toBeNull();
});

it("accepts none of 5,000 random edits of a copy", async () => {
  const { kv, values } = memoryKv();
  const copies = createKvCopies(kv, ringOf("old", "new"));
  await copies.put(HASH, COPY);
  const [name, text] = [copyName(HASH), values.get(copyName(HASH)) ?? ""];
  const random = seededRandom(20_261_128);
  for (let i = 0; i < 5_000; i++) {
    const at = random.below(text.length + 1);
    const char = String.fromCharCode(32 + random.below(95));
    const edited = text.slice(0, at) + (random.below(2) === 0 ? char : "") + text.slice(at + random.below(3));
    values.set(name, edited);
    const read = await copies.get(HASH).catch(() => null);
    if (edited !== text) expect(read, edited).toBeNull();
  }
});

it("accepts a copy under its own name only", async () => {
  const { kv, values } = memoryKv();
  const copies = createKvCopies(kv, ringOf("new"));
  await copies.put(HASH, COPY);
  const other = "b".repeat(64) as KeyHash;
  values.set(copyName(other), values.get(copyName(HASH)) ?? "");
  await expect(copies.get(other)).rejects.toThrow("not written by this gateway");
});
