/** Something that the protocol makes impossible has happened. The node must stop: going on could lose data. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** States what always holds here. Checked in production too: a wrong state must not be acted on. */
export function invariant(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new InvariantViolation(`Raft invariant broken: ${claim}`);
}

/** Closes a switch over every case there is. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`Raft invariant broken: no such case: ${JSON.stringify(value)}`);
}
