import type { Entry, Message } from "@raftkv/raft-core";

/** The message as its receiver gets it: no bytes are shared with the sender. */
export function ownCopy(message: Message): Message {
  if (message.kind !== "appendRequest" || message.entries.length === 0) return message;
  return { ...message, entries: message.entries.map(ownEntry) };
}

function ownEntry(entry: Entry): Entry {
  return entry.kind === "command" ? { ...entry, payload: new Uint8Array(entry.payload) } : entry;
}
