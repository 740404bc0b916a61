// The types of events that an endpoint is sent: `api_key.revoke`, or `api_key.*` for all of one kind of resource.

/** What an event is about, as the audit log has it. */
interface Typed {
  readonly resourceType: string;
  readonly eventType: string;
}

/** The type of an event, as webhooks name it. */
export function eventTypeOf({ resourceType, eventType }: Typed): string {
  return `${resourceType}.${eventType}`.toLowerCase();
}

/** Whether a filter lets an event pass. An empty filter lets all pass. */
export function passesFilter(filter: readonly string[], event: Typed): boolean {
  if (filter.length === 0) return true;
  return filter.includes(eventTypeOf(event)) || filter.includes(`${event.resourceType.toLowerCase()}.*`);
}
