// A strict parser of OpenMetrics 1.0 text, after the ABNF of its specification: it throws for what the specification forbids.
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md

export interface Family {
  readonly type: string;
  readonly unit: string | null;
  readonly help: string | null;
  /** By the text of the sample before its value: the name and labels. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`;
const SAMPLE = new RegExp(`^(${NAME})(\\{(?:${LABEL}(?:,${LABEL})*)?\\})? (-?[0-9]+(?:\\.[0-9]+)?(?:e[+-]?[0-9]+)?)$`);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_count", "_sum"],
};

/** @throws Error that names the first line that is wrong */
export function parseOpenMetrics(text: string): ReadonlyMap<string, Family> {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.pop() !== "# EOF") throw new Error("the text does not end with # EOF");
  const families = new Map<
    string,
    Family & { unit: string | null; help: string | null; samples: Map<string, number> }
  >();
  let current: string | null = null;
  for (const line of lines) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const about = /^# (TYPE|UNIT|HELP) (\S+) (.+)$/.exec(line);
    if (about !== null) {
      const [, kind, name = "", value = ""] = about;
      if (kind === "TYPE") {
        if (families.has(name)) fail("a family twice");
        if (SUFFIXES[value] === undefined || name.endsWith("_total")) fail("no type");
        families.set(name, { type: value, unit: null, help: null, samples: new Map() });
        current = name;
      }
      const family = families.get(name);
      if (family === undefined || name !== current || family.samples.size > 0) return fail("not of this family");
      if (kind === "UNIT" && !name.endsWith(`_${value}`)) fail("the name does not end with the unit");
      if (kind === "UNIT") family.unit = value;
      if (kind === "HELP") family.help = value;
      continue;
    }
    const [, name = "", labels = "", value] = SAMPLE.exec(line) ?? fail("no sample");
    const family = families.get(current ?? "") ?? fail("a sample without a family");
    if (!SUFFIXES[family.type]?.some((suffix) => name === `${current}${suffix}`)) fail("a sample of another family");
    if (family.samples.has(name + labels)) fail("a sample twice");
    if (family.type !== "gauge" && Number(value) < 0) fail("below zero");
    family.samples.set(name + labels, Number(value));
  }
  for (const [name, family] of families) if (family.type === "histogram") checkHistogram(name, family.samples);
  return families;
}

/** Buckets never decrease, the last one is +Inf, and it is the count. */
function checkHistogram(name: string, samples: ReadonlyMap<string, number>): void {
  const series = new Map<string, { bound: number; count: number }[]>();
  for (const [sample, count] of samples) {
    const le = /le="([^"]*)"/.exec(sample)?.[1];
    if (!sample.startsWith(`${name}_bucket`)) continue;
    if (le === undefined || (le !== "+Inf" && !/\./.test(le))) throw new Error(`no bound: ${sample}`);
    const others = sample
      .slice(`${name}_bucket`.length)
      .replace(/,?le="[^"]*"/, "")
      .replace("{}", "");
    series.set(others, [...(series.get(others) ?? []), { bound: Number(le.replace("+Inf", "Infinity")), count }]);
  }
  for (const [labels, buckets] of series) {
    const isOrdered = buckets.every(({ bound, count }, i) => {
      const before = buckets[i - 1];
      return before === undefined || (bound > before.bound && count >= before.count);
    });
    const last = buckets.at(-1);
    if (!isOrdered || last?.bound !== Number.POSITIVE_INFINITY) throw new Error(`buckets of ${name}${labels}`);
    if (samples.get(`${name}_count${labels}`) !== last.count) throw new Error(`the count of ${name}${labels}`);
    if (!samples.has(`${name}_sum${labels}`)) throw new Error(`the sum of ${name}${labels}`);
  }
}

/** The value of a sample by its text before the value. */
export function sampleOf(families: ReadonlyMap<string, Family>, sample: string): number | undefined {
  return [...families.values()].map(({ samples }) => samples.get(sample)).find((value) => value !== undefined);
}
