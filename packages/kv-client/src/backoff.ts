/** Where chance comes from: uniform in [0, 1). */
export type Random = () => number;

const firstMs = 20;
const longestMs = 200;

/**
 * How long to wait before the next attempt after so many failures in a row: nothing after the first, because most
 * failures are a leader that has just moved; then 20 ms doubling up to 200 ms, of which a random half is taken off so that
 * clients do not come back all at once. Elections take a few hundred milliseconds: longer waits would only add to them.
 */
export function backoffMs(failures: number, random: Random): number {
  if (failures <= 1) return 0;
  const ceiling = Math.min(longestMs, firstMs * 2 ** (failures - 2));
  return ceiling * (1 - random() / 2);
}
