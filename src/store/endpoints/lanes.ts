// Work on several items at once, and on no more than that.

/** Works on items, some at once. @returns the sum of the results */
export async function inLanes<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<number>) {
  const left = [...items];
  const sums = Array.from({ length: Math.min(lanes, left.length) }, async () => {
    let sum = 0;
    for (let item = left.shift(); item !== undefined; item = left.shift()) sum += await work(item);
    return sum;
  });
  return (await Promise.all(sums)).reduce((total, sum) => total + sum, 0);
}
