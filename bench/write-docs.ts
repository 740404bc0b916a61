// `npm run bench -- --write-docs`: the figures of the last two whole runs into docs/performance.md, and a chart of the peers.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../scripts/wrangler.ts";
import type { PeerResult } from "./peers.ts";
import type { Result } from "./report.ts";
import { RESULTS } from "./setup/build.ts";

interface Run {
  readonly at: string;
  readonly processor: string;
  readonly results: readonly Result[];
  readonly peers: readonly PeerResult[];
}

const DOCUMENT = join(ROOT, "docs/performance.md");
const CHART = join(ROOT, "docs/performance.svg");
const LATEST = join(RESULTS, "latest.json");
const PREVIOUS = join(RESULTS, "previous.json");

/** Keeps the last whole run beside the one that is about to be written. */
export function keepPreviousRun(): void {
  if (existsSync(LATEST)) renameSync(LATEST, PREVIOUS);
}

/** Writes the tables between their markers, and the chart. @throws Error when there are no two whole runs */
export function writeDocs(): void {
  const [first, second] = [PREVIOUS, LATEST].map((path) => JSON.parse(readFileSync(path, "utf8")) as Run);
  if (first === undefined || second === undefined) throw new Error("two whole runs of npm run bench are needed");
  const text = readFileSync(DOCUMENT, "utf8");
  const withGoals = replaceBetween(text, "goals", goalTable(first, second));
  writeFileSync(DOCUMENT, replaceBetween(withGoals, "peers", peerTable(first, second)));
  writeFileSync(CHART, chartOf(second.peers));
  console.log(`written to ${DOCUMENT} and ${CHART}`);
}

/** @throws Error when the text has no such markers */
export function replaceBetween(text: string, name: string, content: string): string {
  const marked = new RegExp(`(<!-- bench:${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!marked.test(text)) throw new Error(`docs/performance.md has no place for ${name}`);
  return text.replace(marked, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`);
}

export function goalTable(first: Run, second: Run): string {
  const rows = second.results.map(({ name, goal, measured, met }) => {
    const before = first.results.find((each) => each.name === name);
    const runs = [before?.met, met].map((each, i) => (each ? ["first", "second"][i] : "")).filter(Boolean);
    const verdict = goal.startsWith("(")
      ? ""
      : runs.length === 2
        ? "yes"
        : runs.length === 1
          ? `${runs[0]} run`
          : "**no**";
    return `| ${[name, goal.replace(/[()]/g, ""), before?.measured ?? "", measured, verdict].join(" | ")} |`;
  });
  const dates = [first, second].map(({ at }) => at.slice(0, 10));
  const head = `| | goal | first run, ${dates[0]} | second run, ${dates[1]} | met |\n|---|---|---|---|---|`;
  return [head, ...rows].join("\n");
}

export function peerTable(first: Run, second: Run): string {
  const rows = second.peers.map(({ name, revocation, ratio, plain, gate }) => {
    const before = first.peers.find((each) => each.name === name);
    const shares = [before?.ratio, ratio].map((each) => each?.median.toFixed(2) ?? "");
    const times = [plain, gate].map(({ median }) => `${median.toFixed(0)} µs`);
    return `| ${[name, ...shares, ...times, revocation].join(" | ")} |`;
  });
  const head = "| | share kept, first run | second run | plain | with the job | a revocation is felt after |";
  return [`${head}\n|---|---|---|---|---|---|`, ...rows].join("\n");
}

/** Bars of CPU per request: plain proxying, and what the job adds. */
export function chartOf(peers: readonly PeerResult[]): string {
  const shown = peers.filter(({ revocation }) => revocation !== "");
  const most = Math.max(...shown.map(({ gate }) => gate.median));
  const [left, width, step] = [250, 380, 30];
  const bars = shown.flatMap(({ name, plain, gate }, i) => {
    const y = 34 + i * step;
    const [base, whole] = [plain, gate].map(({ median }) => Math.round((median / most) * width)) as [number, number];
    return [
      `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${name}</text>`,
      `<rect x="${left}" y="${y}" width="${base}" height="18" fill="#94a3b8"/>`,
      `<rect x="${left + base}" y="${y}" width="${Math.max(0, whole - base)}" height="18" fill="#2563eb"/>`,
      `<text x="${left + Math.max(base, whole) + 6}" y="${y + 14}">${gate.median.toFixed(0)} µs</text>`,
    ];
  });
  const height = 44 + shown.length * step;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 ${height}" font-family="sans-serif" font-size="13">
<title>CPU per request of Gatehouse and of the same job elsewhere</title>
<rect width="720" height="${height}" fill="#ffffff"/>
<text x="8" y="20">CPU per request: plain proxying (gray), and what authorization adds (blue)</text>
${bars.join("\n")}
</svg>
`;
}
