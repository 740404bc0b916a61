// A message of Slack's incoming webhooks. Names come from users: none of them may become a link, a mention or markup.
import type { DeliveredEvent } from "../delivered-event.ts";
import { eventTypeOf } from "../event-filter.ts";

/** The most characters of one text: Slack takes 3,000. */
const MAX_TEXT = 1_000;

/** The event as a message. `text` is for notifications; the blocks are shown. */
export function slackOf(event: DeliveredEvent): Readonly<Record<string, unknown>> {
  const { actor, accountName, createdAt } = event;
  const from = actor.address === null ? "" : ` from ${actor.address}`;
  const context = `${eventTypeOf(event)} in ${accountName}, by ${actor.name}${from}, ${new Date(createdAt).toISOString()}`;
  return {
    text: escaped(event.message),
    blocks: [
      // Plain text has neither markup nor mentions.
      { type: "section", text: { type: "plain_text", text: shortened(event.message), emoji: false } },
      { type: "context", elements: [{ type: "plain_text", text: shortened(context), emoji: false }] },
    ],
  };
}

function shortened(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text;
}

/** Slack's three control characters, of which links and mentions are made. */
function escaped(text: string): string {
  return shortened(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
