// Wires the alarm of canary keys. app.ts loads it with the first use of one.
import type { Config } from "../config/config.ts";
import { createCanaryAlarms } from "../store/canaries/alarms.ts";
import type { CanaryAlarms } from "../store/canaries/port.ts";
import { mailManagers } from "../store/maintenance/notices.ts";
import { configureStore } from "../store/store-config.ts";
import { mailSender } from "./maintenance.ts";
import { storeConfig } from "./store-config.ts";

/** @param afterEvent seals and sends the new event of an account. Never rejects */
export function createCanaries(
  config: Config,
  onError: (what: string, error: unknown) => void,
  afterEvent: (accountId: string) => Promise<void>,
): CanaryAlarms {
  const { db, mail } = config;
  configureStore(db, storeConfig(config));
  return createCanaryAlarms({
    db,
    onError,
    onAlarm(use, now) {
      const { accountId, keyId, name, address, country, requestId } = use;
      const subject = `Canary API key ${name} was used`;
      const text = `The canary API key "${name}" (${keyId}) was used from ${address ?? "an unknown address"}, country \
${country ?? "unknown"}, at ${new Date(now).toISOString()} (request ${requestId}).\\n`;
      const mailed = mail && mailManagers(db, mailSender(mail), accountId, { subject, text }, now);
      return Promise.all([afterEvent(accountId), mailed?.catch((error) => onError("canary_mail", error))]);
    },
  });
}
