import type { Member, Membership } from "@raftkv/kv-client/admin";
import { votersNote, votersOf } from "../membership/quorum.ts";
import type { OutputFormat } from "../options.ts";

export interface ChangeOutput {
  /** What was done, for people. */
  readonly sentence: string;
  /** More fields of the object for machines. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly before: readonly Member[];
  readonly after: Pick<Membership, "members" | "joint">;
}

/** What a change came to, and what it means for the failures that the cluster can bear. */
export function changeText(output: OutputFormat, { sentence, fields, before, after }: ChangeOutput): string {
  const voters = votersOf(after.members).length;
  if (output === "json") {
    const { members, joint } = after;
    return `${JSON.stringify({ ...fields, voters, joint, members })}\n`;
  }
  const note = votersNote(votersOf(before).length, voters);
  return `${sentence}\n${note === undefined ? "" : `note: ${note}\n`}`;
}
