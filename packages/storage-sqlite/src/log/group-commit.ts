import type { Inbox } from "../thread/inbox.ts";
import type { Envelope } from "../thread/messages.ts";
import type { LogChange, LogRequest } from "./protocol.ts";

/** More would make those at the front wait for those at the back. */
const groupBytes = 4 * 1024 * 1024;

/**
 * Everything that has gathered while the last commit was under way, up to the first request that is not a change: it
 * becomes durable with one sync. Empty if the next request is not a change.
 */
export function gatherChanges(inbox: Inbox<LogRequest>): readonly Envelope<LogChange>[] {
  const group: Envelope<LogChange>[] = [];
  let bytes = 0;
  for (let next = inbox.peek(); next !== undefined && bytes < groupBytes; next = inbox.peek()) {
    const { id, request } = next;
    if (!isChange(request)) break;
    inbox.take();
    group.push({ id, request });
    bytes += changeBytes(request);
  }
  return group;
}

export function isChange(request: LogRequest): request is LogChange {
  return request.kind === "write" || request.kind === "form" || request.kind === "compact";
}

/** Bytes of the entries that a change adds. */
export function changeBytes(change: LogChange): number {
  return change.kind === "write" ? change.append.reduce((sum, { body }) => sum + body.byteLength, 0) : 0;
}
