import type { Fence } from "../command.ts";
import type { Present } from "../present.ts";

/** Whether the lock that a write is fenced by is still held as it says. A key that was created anew is another lock. */
export function holds({ id, token }: Fence, present: Present): boolean {
  return present.record(id)?.createRevision === token;
}
