// The text of the metrics: OpenMetrics 1.0, or Prometheus' text format 0.0.4.
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
import { BUCKETS_MS, COUNTED, GAUGES, type Gauges, type Metric, type Totals } from "./definitions.ts";

export type ExpositionFormat = "openmetrics" | "prometheus";

export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/**
 * The format that a client prefers (RFC 9110 section 12.5.1).
 *
 * @param accept the `Accept` header; `null`: there is none
 * @returns OpenMetrics, unless the client prefers plain text or takes nothing else
 */
export function chooseFormat(accept: string | null): ExpositionFormat {
  let [openmetrics, plain, any] = [0, 0, 0];
  for (const item of (accept ?? "").toLowerCase().split(",")) {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim());
    const q = parameters.map((each) => /^q=([01](?:\.\d{0,3})?)$/.exec(each)?.[1]).find((each) => each !== undefined);
    const quality = Number(q ?? 1);
    if (type === "application/openmetrics-text") openmetrics = Math.max(openmetrics, quality);
    else if (type === "text/plain") plain = Math.max(plain, quality);
    else if (type === "application/*" || type === "*/*") any = Math.max(any, quality);
  }
  return plain > Math.max(openmetrics, openmetrics === 0 ? any : 0) ? "prometheus" : "openmetrics";
}

/** The whole text, every metric in the order of its definition. */
export function exposition(format: ExpositionFormat, totals: Totals, gauges: Gauges): string {
  const lines: string[] = [];
  const isOpen = format === "openmetrics";
  for (const [id, metric] of Object.entries<Metric>(COUNTED)) {
    lines.push(...head(metric, isOpen));
    const samples = metric.type === "histogram" ? histogramSamples : counterSamples;
    lines.push(...samples(id, metric, totals));
  }
  for (const [id, metric] of Object.entries<Metric>(GAUGES)) {
    lines.push(...head(metric, isOpen), `${metric.name} ${valueText(gauges[id as keyof Gauges], metric)}`);
  }
  if (isOpen) lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function head({ name, type, unit, help }: Metric, isOpen: boolean): readonly string[] {
  // In the older format a counter is named as its samples are.
  const family = type === "counter" && !isOpen ? `${name}_total` : name;
  const lines = [`# TYPE ${family} ${type}`];
  if (isOpen && unit !== undefined) lines.push(`# UNIT ${family} ${unit}`);
  lines.push(`# HELP ${family} ${escaped(help)}`);
  return lines;
}

function counterSamples(id: string, metric: Metric, totals: Totals): readonly string[] {
  const sample = (labels: string, key: string) =>
    `${metric.name}_total${labels} ${valueText(totals[key] ?? 0, metric)}`;
  if (metric.label === undefined) return [sample("", id)];
  return labelsOf(id, metric, totals).map((value) => sample(`{${pair(metric.label, value)}}`, `${id}|${value}`));
}

function histogramSamples(id: string, metric: Metric, totals: Totals): readonly string[] {
  return labelsOf(id, metric, totals).flatMap((value) => {
    const own = metric.label === undefined ? "" : pair(metric.label, value);
    const key = `${id}|${value}`;
    let count = 0;
    const buckets = [...BUCKETS_MS, "+Inf" as const].map((bound) => {
      count += totals[`${key}|${bound}`] ?? 0;
      const le = bound === "+Inf" ? bound : boundText(bound);
      return `${metric.name}_bucket{${own === "" ? "" : `${own},`}${pair("le", le)}} ${count}`;
    });
    const labels = own === "" ? "" : `{${own}}`;
    return [
      ...buckets,
      `${metric.name}_count${labels} ${count}`,
      `${metric.name}_sum${labels} ${valueText(totals[`${key}|sum`] ?? 0, metric)}`,
    ];
  });
}

/** The values of a metric's label: the known ones, then others that were counted; one empty value without a label. */
function labelsOf(id: string, { label, values = [] }: Metric, totals: Totals): readonly string[] {
  if (label === undefined) return [""];
  const counted = Object.keys(totals).flatMap((key) => {
    const [name, value] = key.split("|");
    return name === id && value !== undefined ? [value] : [];
  });
  return [...values, ...[...new Set(counted)].filter((value) => !values.includes(value)).sort()];
}

const pair = (label: string | undefined, value: string): string =>
  `${label}="${escaped(value).replaceAll('"', '\\"')}"`;
const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const valueText = (value: number, { unit }: Metric): string => String(unit === "seconds" ? value / 1_000 : value);

/** A bound in seconds, always with a point: OpenMetrics compares bounds as text. */
function boundText(ms: number): string {
  const text = String(ms / 1_000);
  return text.includes(".") ? text : `${text}.0`;
}
