// Timestamps as relative times, with the exact time in a tooltip or beside them.

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_536_000_000],
  ["month", 2_592_000_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

export function relativeTime(at: number, now: number): string {
  const distance = at - now;
  const step = STEPS.find(([, size]) => Math.abs(distance) >= size);
  return step === undefined ? "just now" : RELATIVE.format(Math.trunc(distance / step[1]), step[0]);
}

export function exactTime(at: number): string {
  return EXACT.format(at);
}

export function When({ at, exact = false }: { readonly at: number; readonly exact?: boolean }) {
  const relative = relativeTime(at, Date.now());
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)} className="tabular">
      {exact ? `${exactTime(at)} (${relative})` : relative}
    </time>
  );
}
