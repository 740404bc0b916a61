// Compares what both ends have seen of a round direct and through the gateway, byte by byte, in both directions.
import type { Observed } from "./exchange.ts";
import { type Field, fieldValue, type Message } from "./message.ts";

/** One thing that is not the same through the gateway. `null`: absent. */
export interface Difference {
  readonly side: "request" | "answer";
  /** `field etag`, `order of fields`, `body` ... */
  readonly what: string;
  readonly direct: string | null;
  readonly through: string | null;
}

/** Everything that differs between two plays of one round. */
export function compare(direct: Observed, through: Observed): readonly Difference[] {
  const found: Difference[] = [];
  const note = (side: Difference["side"], what: string, a: string | null, b: string | null): void => {
    if (a !== b) found.push({ side, what, direct: a, through: b });
  };
  note("request", "number of requests", `${direct.arrivals.length}`, `${through.arrivals.length}`);
  const [sent, arrived] = [direct.arrivals[0], through.arrivals[0]];
  if (sent !== undefined && arrived !== undefined) {
    compareMessages(sent.message, arrived.message, (what, a, b) => note("request", what, a, b));
    note("request", "end", sent.brokenOff && "broken off", arrived.brokenOff && "broken off");
    note("request", "abandoned by the client", abandoned(direct), abandoned(through));
  }
  const [plain, passed] = [direct.response, through.response];
  note("answer", "interim responses", startLines(plain.interim), startLines(passed.interim));
  const error = gatewayError(passed.final);
  if (error !== null) {
    note(
      "answer",
      `answer of the gateway: ${error}`,
      plain.final?.startLine ?? "none",
      passed.final?.startLine ?? null,
    );
    return found;
  }
  note("answer", "a response", plain.final && "there", passed.final && "there");
  if (plain.final !== null && passed.final !== null)
    compareMessages(plain.final, passed.final, (what, a, b) => note("answer", what, a, b));
  note("answer", "connection afterwards", plain.ended && "closed", passed.ended && "closed");
  return found;
}

function abandoned({ arrivals }: Observed): string {
  return arrivals.some((arrival) => arrival.abandoned) ? "yes" : "no";
}

/** The code of an error answer that the gateway has made itself. */
function gatewayError(message: Message | null): string | null {
  const found = /^\{"error":\{"status":\d+,"detail":"[^"]*","code":"(\w+)","request_id":"[^"]+"\}\}$/.exec(
    message?.body.toString("latin1") ?? "",
  );
  return found?.[1] ?? null;
}

type Note = (what: string, direct: string | null, through: string | null) => void;

function compareMessages(direct: Message, through: Message, note: Note): void {
  note("start line", direct.startLine, through.startLine);
  compareFields(direct.fields, through.fields, note);
  note("framing", direct.framing, through.framing);
  note("chunk sizes", direct.chunks.join(" "), through.chunks.join(" "));
  note("trailers", textOf(direct.trailers), textOf(through.trailers));
  note("body", direct.body.toString("latin1"), through.body.toString("latin1"));
  note("completeness", direct.complete ? "complete" : "broken off", through.complete ? "complete" : "broken off");
}

function compareFields(direct: readonly Field[], through: readonly Field[], note: Note): void {
  const names = new Set([...direct, ...through].map(([name]) => name.toLowerCase()));
  for (const name of names) {
    const [a, b] = [fieldValue(direct, name), fieldValue(through, name)];
    note(`field ${name}`, a, b);
    if (a === b) note("repetition of fields", lines(direct, name), lines(through, name));
  }
  const common = (fields: readonly Field[], others: readonly Field[]) =>
    [...new Set(fields.map(([name]) => name))].filter((name) => fieldValue(others, name.toLowerCase()) !== null);
  const [ours, theirs] = [common(direct, through), common(through, direct)];
  const folded = (list: readonly string[]) => list.map((name) => name.toLowerCase());
  note("case of field names", ours.toSorted(byFolded).join(), theirs.toSorted(byFolded).join());
  note("order of fields", [...new Set(folded(ours))].join(), [...new Set(folded(theirs))].join());
}

function byFolded(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The lines of one name, which RFC 9110 section 5.3 lets a recipient join. */
function lines(fields: readonly Field[], name: string): string {
  return fields
    .filter(([each]) => each.toLowerCase() === name)
    .map(([, value]) => value)
    .join("\n");
}

function startLines(messages: readonly Message[]): string {
  return messages.map(({ startLine }) => startLine).join("\n");
}

function textOf(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `${name}: ${value}`).join("\n");
}
