import type { Input } from "../algorithm/input.ts";

/**
 * Membership changes come last among the inputs of a turn. What has arrived was said by members of before, and names them
 * by id only: after a change that uses an id again it would be taken for the word of the id's next bearer. What arrives
 * later is the transport's to tell apart: by then it knows the new members.
 */
export function changesLast(inputs: readonly Input[]): readonly Input[] {
  const changes = inputs.filter(isChange);
  return changes.length === 0 ? inputs : [...inputs.filter((input) => !isChange(input)), ...changes];
}

function isChange({ kind }: Input): boolean {
  return kind === "changeMembership";
}
