// The operation table in other sizes: the first rows of it, and made-up ones behind them.

/** A change to the sources that leaves a table of this many operations. */
export function withOperations(count: number) {
  return {
    file: /src\/core\/operations\.ts$/,
    change: (source: string): string =>
      source
        .replace("export const OPERATIONS = [", "const WHOLE_TABLE = [")
        .replace(/^\] as const.*;$|^\];$/m, (end) => `${end}\n${table(count)}`),
  };
}

function table(count: number): string {
  // The calls that are measured are among the rows that stay.
  return `const CLUSTER_ROWS = WHOLE_TABLE.filter((row) => row.path.includes("/clusters"));
const MADE_UP = Array.from({ length: ${count} }, (_, i) =>
  get(\`madeUp\${i}\`, \`\${PROJECT}/family\${i % 70}/{id}/member\${i}\`, ANY_KEY));
export const OPERATIONS = [...new Set([...CLUSTER_ROWS, ...WHOLE_TABLE, ...MADE_UP])].slice(0, ${count});`;
}
