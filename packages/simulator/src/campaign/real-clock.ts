/** Real milliseconds since some moment: what a campaign is measured with, outside of every simulation. */
export function realNowMs(): number {
  return performance.now();
}
