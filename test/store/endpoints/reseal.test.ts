// The secrets of endpoints outlive a rotation of the key ring.
import { beforeEach, expect, it } from "vitest";
import { readKeyRing } from "../../../src/core/token/api-key-token.ts";
import { createEndpointRepository } from "../../../src/store/endpoints/repository.ts";
import { createReseal } from "../../../src/store/endpoints/reseal.ts";
import { configureStore } from "../../../src/store/store-config.ts";
import { ACCOUNT, db, makeAccounts, makeEndpoint } from "../builders.ts";

beforeEach(makeAccounts);

const OLD = "a".repeat(43);
const NEW = "b".repeat(43);

function withRing(secrets: Readonly<Record<string, string>>): D1Database {
  const read = readKeyRing(JSON.stringify(secrets));
  if ("errors" in read) throw new Error(read.errors.join());
  const given = { prepare: db.prepare.bind(db), batch: db.batch.bind(db) } as unknown as D1Database;
  configureStore(given, { ring: read.ring, blockedKeyIds: new Set(), issuers: new Set() });
  return given;
}

it("keeps the URL and the secret of an endpoint when the secret of the ring is replaced", async () => {
  const { id, url, secret } = await makeEndpoint();
  expect(await createReseal(withRing({ k1: OLD, k2: NEW }))()).toBe(1);
  const after = await createEndpointRepository(withRing({ k2: NEW })).get(ACCOUNT, id);
  expect(after).toMatchObject({ url, secret });
});

it("reads endpoints no more once all are done, and tells when one cannot be opened", async () => {
  await makeEndpoint();
  const job = createReseal(withRing({ k1: OLD, k2: NEW }));
  expect([await job(), await job(), await job()]).toEqual([1, 0, 0]);
  await expect(createReseal(withRing({ k3: OLD }))()).rejects.toThrow("could not be encrypted again");
});
