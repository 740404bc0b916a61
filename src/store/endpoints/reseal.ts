// Encrypts endpoints again under the newest secret of the ring, so that an older one can be removed from KEY_RING.
import { isSealedByNewest } from "../../core/token/sealed.ts";
import { storeConfigOf } from "../store-config.ts";
import { type EndpointRow, endpointOfRow, SELECT_ENDPOINTS, sealSecrets } from "./row.ts";

const BATCH_SIZE = 50;

export const SEALED_EARLIER = `${SELECT_ENDPOINTS} WHERE w.deleted_at IS NULL AND substr(w.sealed, 1, length(?1)) <> ?1
  LIMIT ${BATCH_SIZE}`;

/**
 * The job of one isolate: it reads no endpoint any more once all of them are under the newest secret.
 *
 * @returns a job that resolves to how many it has encrypted, and rejects when one cannot be decrypted, after the others
 */
export function createReseal(db: D1Database): () => Promise<number> {
  let isDone = false;
  return async () => {
    if (isDone) return 0;
    const { ring } = storeConfigOf(db);
    const newest = `${ring.secrets.get(ring.newest)?.id}.`;
    const { results } = await db.prepare(SEALED_EARLIER).bind(newest).all<EndpointRow>();
    const sealed = await Promise.allSettled(results.map((row) => reseal(db, row)));
    isDone = results.length === 0;
    const failed = sealed.find((each) => each.status === "rejected");
    if (failed !== undefined) throw new Error("an endpoint could not be encrypted again", { cause: failed.reason });
    return results.length;
  };
}

async function reseal(db: D1Database, row: EndpointRow): Promise<void> {
  const { ring } = storeConfigOf(db);
  const sealed = await sealSecrets(ring, row.id, await endpointOfRow(ring, row));
  if (!isSealedByNewest(ring, sealed)) throw new Error("the newest secret did not encrypt it");
  // A change that was made meanwhile stays.
  await db
    .prepare("UPDATE endpoints SET sealed = ? WHERE id = ? AND sealed = ?")
    .bind(sealed, row.id, row.sealed)
    .run();
}
