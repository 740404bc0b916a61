// ArcSight's Common Event Format, version 0: one line. Names come from users: none of them may end a field or the line.
import { type DeliveredEvent, severityOf } from "../delivered-event.ts";
import { eventTypeOf } from "../event-filter.ts";

/** The event as one line of CEF. */
export function cefOf(event: DeliveredEvent): string {
  const { actor } = event;
  const head = ["CEF:0", "Gatehouse", "Gatehouse", "1", eventTypeOf(event), event.message, severityOf(event)];
  const extension: Readonly<Record<string, string | number | null>> = {
    rt: event.createdAt,
    externalId: event.id,
    // The custom strings of the format, each with its label.
    ...{ cs1Label: "accountId", cs1: event.accountId, cs2Label: "resourceType", cs2: event.resourceType },
    ...{ cs3Label: "resourceId", cs3: event.resourceId, cs4Label: "resourceName", cs4: event.resourceName },
    ...{ cs5Label: "actorType", cs5: actor.type, cs6Label: "requestId", cs6: actor.requestId ?? "-" },
    suid: actor.id,
    suser: actor.name,
    ...addressOf(actor.address),
  };
  const fields = Object.entries(extension).filter(([, value]) => value !== null);
  return `${head.map(headField).join("|")}|${fields.map(([name, value]) => `${name}=${extensionField(value)}`).join(" ")}`;
}

function addressOf(address: string | null): Readonly<Record<string, string>> {
  if (address === null) return {};
  // `src` is for IPv4 only.
  return address.includes(":") ? { c6a2Label: "sourceAddress", c6a2: address } : { src: address };
}

function headField(value: string | number): string {
  return oneLine(String(value)).replaceAll("\\", "\\\\").replaceAll("|", "\\|");
}

function extensionField(value: string | number | null): string {
  return oneLine(String(value)).replaceAll("\\", "\\\\").replaceAll("=", "\\=");
}

/** Without line breaks and other control characters. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
