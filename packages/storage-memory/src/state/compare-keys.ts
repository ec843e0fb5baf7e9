/** Up to here a loop beats the call into the runtime's own comparison; most keys differ sooner. */
const loopBytes = 32;

/** Negative, 0 or positive, as `a` comes before, is, or comes after `b`: bytewise, unsigned, a prefix first. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  const looped = Math.min(common, loopBytes);
  for (let i = 0; i < looped; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return common > loopBytes ? Buffer.compare(a, b) : a.length - b.length;
}
