import type { Consensus, Message, RaftStorage, RaftTransport } from "@raftkv/raft-core";
import type { PutBackBug } from "./put-back-bug.ts";

/** Bugs around the real parts: what a storage, a transport, a state machine or a client would do wrong. */
export const aroundTheParts: readonly PutBackBug[] = [
  {
    name: "a storage that acknowledges before it is durable",
    row: 20,
    wrappers: {
      storage: (storage) => ({
        ...storage,
        async write(batch) {
          storage.write(batch).catch(() => undefined);
        },
      }),
    },
    noticedBy: ["durable before told", "commit safety", "applied is committed", "match is held"],
  },
  {
    name: "a failed sync that is tried again, and then succeeds",
    row: 45,
    patches: [
      {
        module: "/storage-memory/dist/disk/write-queue.js",
        find: "throw this.#fail(kind, cause);",
        replace: "return;",
      },
    ],
    noticedBy: ["durable is kept", "linearizability", "State Machine Safety", "never goes back", "nodes keep running"],
  },
  {
    name: "a vote that is not written",
    row: 42,
    wrappers: {
      storage: (storage) => ({
        ...storage,
        write: (batch) =>
          storage.write(
            batch.hardState === undefined
              ? batch
              : { ...batch, hardState: { ...batch.hardState, votedFor: undefined } },
          ),
      }),
    },
    noticedBy: ["durable before told", "one vote a term"],
  },
  {
    name: "a vote that is forgotten at a restart",
    row: 42,
    wrappers: { storage: forgetsVotes },
    noticedBy: ["the vote is the disk's", "one vote a term", "Election Safety", "durable before told"],
  },
  {
    name: "an acknowledgement past the end of what was appended",
    row: 40,
    wrappers: {
      transport: changing((message) =>
        message.kind === "appendResponse" && !message.rejected ? { ...message, match: message.match + 1 } : message,
      ),
    },
    noticedBy: ["durable before told", "match is held", "nodes keep running"],
  },
  {
    name: "a heartbeat that commits what the follower has left over",
    row: 41,
    wrappers: {
      transport: changing((message) =>
        message.kind === "heartbeatRequest" ? { ...message, commit: message.commit + 3 } : message,
      ),
    },
    noticedBy: ["commit safety", "applied is committed", "Leader Append-Only", "nodes keep running"],
  },
  {
    name: "a state that calls durable what it has only applied",
    row: 18,
    wrappers: {
      stateMachine: (machine) => ({
        appliedIndex: () => machine.appliedIndex(),
        durableIndex: () => machine.appliedIndex(),
        apply: (entries) => machine.apply(entries),
        flush: async () => machine.appliedIndex(),
        snapshot: () => machine.snapshot(),
        restore: (source) => machine.restore(source),
        close: () => machine.close(),
      }),
    },
    noticedBy: ["nodes keep running", "State Machine Safety"],
  },
  {
    name: "one node that applies something else",
    row: 23,
    wrappers: {
      stateMachine: (machine, node) => ({
        appliedIndex: () => machine.appliedIndex(),
        durableIndex: () => machine.durableIndex(),
        apply: (entries) =>
          machine.apply(
            node === 1
              ? entries.map((entry) =>
                  entry.index % 50 === 0 ? { kind: "noop", index: entry.index, term: entry.term } : entry,
                )
              : entries,
          ),
        flush: () => machine.flush(),
        snapshot: () => machine.snapshot(),
        restore: (source) => machine.restore(source),
        close: () => machine.close(),
      }),
    },
    noticedBy: ["State Machine Safety", "equal states", "linearizability"],
  },
  {
    name: "a read that asks nobody",
    row: 14,
    wrappers: {
      consensus: (consensus) => ({ ...unchanged(consensus), readIndex: async () => consensus.status().applied }),
    },
    noticedBy: ["reads are fresh", "linearizability"],
  },
  {
    name: "a write without a session that is sent twice",
    row: 47,
    wrappers: {
      consensus: (consensus) => ({
        ...unchanged(consensus),
        propose(payload) {
          consensus.propose(payload).catch(() => undefined);
          return consensus.propose(payload);
        },
      }),
    },
    noticedBy: ["linearizability"],
  },
];

function unchanged<Result>(consensus: Consensus<Result>): Consensus<Result> {
  return {
    propose: (payload) => consensus.propose(payload),
    readIndex: (signal) => consensus.readIndex(signal),
    changeMembership: (change, signal) => consensus.changeMembership(change, signal),
    readByLease: (read, signal) => consensus.readByLease(read, signal),
    stalenessMs: () => consensus.stalenessMs(),
    leaveJoint: (signal) => consensus.leaveJoint(signal),
    transferLeadership: (to, signal) => consensus.transferLeadership(to, signal),
    compactNow: () => consensus.compactNow(),
    status: () => consensus.status(),
    onRoleChange: (listener) => consensus.onRoleChange(listener),
    onMembersChange: (listener) => consensus.onMembersChange(listener),
  };
}

function forgetsVotes(storage: RaftStorage): RaftStorage {
  return {
    ...storage,
    async load() {
      const state = await storage.load();
      return { ...state, hardState: { ...state.hardState, votedFor: undefined } };
    },
  };
}

function changing(change: (message: Message) => Message): (transport: RaftTransport) => RaftTransport {
  return (transport) => ({
    start: (handler) => transport.start(handler),
    setPeers: (peers) => transport.setPeers(peers),
    send: (to, message) => transport.send(to, change(message)),
    sendSnapshot: (to, shipment, signal) => transport.sendSnapshot(to, shipment, signal),
    close: () => transport.close(),
  });
}
