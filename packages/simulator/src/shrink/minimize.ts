/**
 * Leaves out as much of `items` as it can while `stillFails` says so of what is left (delta debugging: Zeller and
 * Hildebrandt, 2002): first large parts, then ever smaller ones. Asks at most `limit` times.
 */
export async function minimize<T>(
  items: readonly T[],
  stillFails: (kept: readonly T[]) => Promise<boolean>,
  limit: number,
): Promise<readonly T[]> {
  let kept = items;
  let asked = 0;
  const fails = async (candidate: readonly T[]) => asked++ < limit && (await stillFails(candidate));
  for (let size = kept.length; size >= 1 && asked < limit; size = Math.floor(size / 2)) {
    for (let start = 0; start < kept.length; ) {
      const candidate = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (await fails(candidate)) kept = candidate;
      else start += size;
    }
  }
  return kept;
}
