import type { Member } from "@raftkv/kv-client/admin";

export function votersOf(members: readonly Member[]): readonly Member[] {
  return members.filter(({ learner, leaving }) => !learner && !leaving);
}

/** How many of so many voters may fail while the others are a majority. */
export function toleratedFailures(voters: number): number {
  return Math.max(0, Math.floor((voters - 1) / 2));
}

/** "3 voters, which tolerate 1 failure". */
export function describeVoters(voters: number): string {
  const tolerated = toleratedFailures(voters);
  const failures = tolerated === 0 ? "no failure" : tolerated === 1 ? "1 failure" : `${tolerated} failures`;
  return voters === 1 ? "1 voter, which tolerates no failure" : `${voters} voters, which tolerate ${failures}`;
}

/** What an operator may not expect of a change in the number of voters. Undefined: nothing. */
export function votersNote(before: number, after: number): string | undefined {
  const gained = toleratedFailures(after) - toleratedFailures(before);
  if (after > before && gained === 0) {
    return `${describeVoters(after)}: no more than ${before} did. An odd number of voters makes the most of them`;
  }
  return gained < 0 ? `${describeVoters(after)}: fewer than the ${before} before` : undefined;
}
