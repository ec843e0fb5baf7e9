/** A place among all writes: between two of them. */
export interface ChangePosition {
  readonly revision: number;
  /** The writes of that revision which come before are numbered lower. 0: none does. */
  readonly sub: number;
}

/** Before all writes of that revision. */
export function startOf(revision: number): ChangePosition {
  return { revision, sub: 0 };
}

/** Right after one write. */
export function after({ revision, sub }: ChangePosition): ChangePosition {
  return { revision, sub: sub + 1 };
}

export function isBefore(a: ChangePosition, b: ChangePosition): boolean {
  return a.revision < b.revision || (a.revision === b.revision && a.sub < b.sub);
}
