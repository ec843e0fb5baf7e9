import type { ClusterView } from "./cluster-view.ts";
import type { Observation } from "./observation.ts";

/** Something that must always hold. */
export interface Invariant {
  readonly name: string;
  /** It is shown observations of these kinds, and no others. */
  readonly looksAt: readonly Observation["kind"][];
  /**
   * Throws where the observation breaks it. The view is up to date, but for a `restored` node: of that it still holds
   * what was known before the restart.
   */
  observe(observation: Observation, view: ClusterView): void;
}

/** An invariant does not hold. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant";
  readonly invariant: string;

  constructor(invariant: string, finding: string) {
    super(`${invariant}: ${finding}`);
    this.invariant = invariant;
  }
}
