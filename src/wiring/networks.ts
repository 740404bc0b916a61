// Wires the events of new networks. app.ts loads it with the first use of a key.
import type { Config } from "../config/config.ts";
import type { CheckPlace } from "../store/api-keys/networks.ts";
import { createPlaceCheck } from "../store/api-keys/new-networks.ts";
import { configureStore } from "../store/store-config.ts";
import { storeConfig } from "./store-config.ts";

/** @param afterEvent seals and sends the new event of an account. Never rejects */
export function createNetworkCheck(config: Config, afterEvent: (accountId: string) => Promise<void>): CheckPlace {
  configureStore(config.db, storeConfig(config));
  return createPlaceCheck(config.db, afterEvent);
}
