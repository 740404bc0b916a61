// An audit event, as far as its deliveries read it.

export interface DeliveredEvent {
  readonly id: string;
  readonly accountId: string;
  readonly accountName: string;
  readonly eventType: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceName: string;
  readonly actor: {
    readonly type: "API_KEY" | "OPERATOR" | "SYSTEM";
    readonly id: string | null;
    readonly name: string;
    readonly address: string | null;
    readonly requestId: string | null;
  };
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** How much an event is worth to somebody who watches: 0 to 10. */
export function severityOf({ eventType, resourceType }: Pick<DeliveredEvent, "eventType" | "resourceType">): number {
  if (ALARMS.has(eventType)) return 9;
  if (eventType === "REVOKE" || eventType === "NEW_NETWORK" || resourceType === "ENDPOINT") return 5;
  return eventType === "CREATE" || eventType === "EDIT" || eventType === "DELETE" ? 3 : 2;
}

/** Events that somebody should look at now. */
const ALARMS: ReadonlySet<string> = new Set(["LEAK", "CANARY"]);
