// The Open Cybersecurity Schema Framework, version 1.3: class 3005 "User Access Management" has no place for lists and endpoints,
// so every event is 6003 "API Activity", whose actor, source and resource it names.
import { type DeliveredEvent, severityOf } from "../delivered-event.ts";
import { eventTypeOf } from "../event-filter.ts";

const CLASS = 6003;

/** `activity_id` of the class: Create, Read, Update, Delete, Other. */
const ACTIVITIES: Readonly<Record<string, readonly [id: number, name: string]>> = {
  CREATE: [1, "Create"],
  EDIT: [3, "Update"],
  DELETE: [4, "Delete"],
};

/** The event as an OCSF event. */
export function ocsfOf(event: DeliveredEvent): Readonly<Record<string, unknown>> {
  const { actor } = event;
  const [activity, name] = ACTIVITIES[event.eventType] ?? [99, eventTypeOf(event)];
  const severity = severityOf(event) >= 9 ? 5 : severityOf(event) >= 5 ? 3 : 1;
  const isPerson = actor.type === "OPERATOR";
  return {
    ...{ class_uid: CLASS, class_name: "API Activity", category_uid: 6, category_name: "Application Activity" },
    ...{ activity_id: activity, activity_name: name, type_uid: CLASS * 100 + activity },
    ...{ time: event.createdAt, message: event.message, severity_id: severity, status_id: 1 },
    metadata: {
      ...{ version: "1.3.0", uid: event.id, event_code: eventTypeOf(event) },
      product: { name: "Gatehouse", vendor_name: "Gatehouse" },
      ...(actor.requestId === null ? {} : { correlation_uid: actor.requestId }),
    },
    actor: {
      user: {
        uid: actor.id ?? actor.name,
        name: actor.name,
        type: isPerson ? "User" : "Other",
        type_id: isPerson ? 1 : 99,
      },
    },
    api: { operation: eventTypeOf(event), ...(actor.requestId === null ? {} : { request: { uid: actor.requestId } }) },
    src_endpoint: actor.address === null ? { name: "gatehouse" } : { ip: actor.address },
    resources: [{ uid: event.resourceId, name: event.resourceName, type: event.resourceType }],
    cloud: { provider: "Gatehouse", account: { uid: event.accountId, name: event.accountName } },
  };
}
