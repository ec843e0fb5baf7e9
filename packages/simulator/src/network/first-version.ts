import type { Message } from "@raftkv/raft-core";

/**
 * What is left of a message where one of the two nodes speaks only the first version of the protocol: a kind that this one
 * does not know is not sent, and of leases, which came later, nothing is said. Undefined: it is not sent.
 */
export function inFirstVersion(message: Message): Message | undefined {
  switch (message.kind) {
    case "snapshotRequest":
    case "snapshotReport":
      return undefined;
    case "heartbeatRequest": {
      const { asksPromise, ...known } = message;
      return known;
    }
    case "heartbeatResponse": {
      const { promiseMs, ...known } = message;
      return known;
    }
    default:
      return message;
  }
}
