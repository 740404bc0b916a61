// Ratios as bars with their goals, in an SVG without anything from elsewhere.
import type { Result } from "./ratios.ts";

const ROW = 26;
const LABELS = 400;
const SCALE = 380;
const RIGHT = 90;

export function chart(results: readonly Result[]): string {
  const bars = results.filter(({ ratio }) => ratio !== undefined);
  const height = bars.length * ROW + 60;
  const width = LABELS + SCALE + RIGHT;
  const rows = bars.map((result, i) => bar(result, 40 + i * ROW)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">
<title>CPU per call, compared</title>
<rect width="100%" height="100%" fill="white"/>
<text x="10" y="22" font-weight="bold">CPU per call: the base's to ours (1 = as cheap as the base); line: goal</text>
${rows}
</svg>
`;
}

function bar({ name, ratio, goal, met }: Result, y: number): string {
  const { median, min, max } = ratio as { median: number; min: number; max: number };
  const x = (value: number) => (LABELS + Math.min(1.15, value) * (SCALE / 1.15)).toFixed(1);
  const least = Number(/[\d.]+/.exec(goal)?.[0] ?? 0);
  const middle = y + ROW / 2 - 3;
  return `<text x="${LABELS - 8}" y="${y + 14}" text-anchor="end">${escaped(name)}</text>
<rect x="${LABELS}" y="${y}" width="${Number(x(median)) - LABELS}" height="${ROW - 8}" fill="${met ? "#2f7d6b" : "#c0713a"}"/>
<line x1="${x(min)}" x2="${x(max)}" y1="${middle}" y2="${middle}" stroke="#222"/>
${least > 0 ? `<line x1="${x(least)}" x2="${x(least)}" y1="${y - 2}" y2="${y + ROW - 6}" stroke="#000" stroke-width="2"/>` : ""}
<text x="${LABELS + SCALE + 8}" y="${y + 14}">${median.toFixed(3)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
