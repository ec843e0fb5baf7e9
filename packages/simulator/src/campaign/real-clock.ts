/** Real milliseconds since some moment: what a campaign is measured with, outside of every simulation. */
export function realNowMs(): number {
  return performance.now();
}

/** Milliseconds of processor time that this process has used, on all its threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
