import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { type ApplyResult, encodeEnvelope, type KeyEntry, type KvStateMachine } from "@raftkv/kv-server";
import { type NodeId, RaftError } from "@raftkv/raft-core";
import type { Machine, RunningNode } from "../machine/machine.ts";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";

/** What came of a request. */
export type Reply<T> =
  | { readonly kind: "answer"; readonly value: T }
  /** The request certainly has no effect, but for a second copy that may still be on its way. */
  | { readonly kind: "refused"; readonly leader: NodeId | undefined; readonly copyLeft?: boolean }
  /** Nobody can say whether it takes effect: the answer was lost, or the node cannot tell. */
  | { readonly kind: "unknown" };

/** How long somebody waits for an answer that may take long. */
export interface Waiting {
  /** After so long the node ends the call. */
  readonly deadlineMs: number;
  /** After so long the caller goes away, if there was no answer: before the deadline, or with it. */
  readonly patienceMs: number;
}

interface RemoteNodeOptions {
  readonly machine: Machine;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly timeoutMs: number;
  /** Of requests and of answers. */
  readonly lossRate: number;
  readonly duplicateRate: number;
}

/** A node as a client sees it: far away, and silent when it is down. */
export class RemoteNode {
  readonly #options: RemoteNodeOptions;

  constructor(options: RemoteNodeOptions) {
    this.#options = options;
  }

  get id(): NodeId {
    return this.#options.machine.id;
  }

  /** Whether there has ever been a node. */
  get exists(): boolean {
    return !this.#options.machine.blank;
  }

  /** Proposes an encoded command batch there. What is `repeatable` may arrive twice: its session sees to the rest. */
  propose(batch: Uint8Array, repeatable: boolean): Promise<Reply<ApplyResult>> {
    return this.#ask(repeatable, (node) => {
      const { role, leader } = node.consensus.status();
      // Not thrown: that takes longer than all the rest, and most nodes are asked in vain now and then.
      return role === "leader"
        ? proposeTo(node, batch)
        : Promise.reject(new RaftError("notLeader", "not the leader", { leader: leader?.id }));
    });
  }

  /** A linearizable read, whatever the node's role: by its lease where it has one, if that is asked for. */
  async get(key: Uint8Array, byLease: boolean): Promise<Reply<KeyEntry | undefined>> {
    const reply = await this.getMany([key], byLease);
    return reply.kind === "answer" ? { kind: "answer", value: reply.value[0] } : reply;
  }

  /** The same for several keys at once. */
  getMany(keys: readonly Uint8Array[], byLease: boolean): Promise<Reply<readonly (KeyEntry | undefined)[]>> {
    return this.#ask(true, async ({ consensus, state }) => {
      const leased = byLease ? await consensus.readByLease(() => entriesOf(state, keys)) : undefined;
      if (leased?.kind === "answer") return leased.answer;
      await consensus.readIndex();
      return entriesOf(state, keys);
    });
  }

  /** A call of the node's services. */
  call<T>(repeatable: boolean, call: (transport: Transport) => Promise<T>): Promise<Reply<T>> {
    return this.#ask(repeatable, ({ clients }) => call(clients.unary));
  }

  /** A call that waits there: once its deadline has passed, or the caller has gone away and that is heard, its signal says so. */
  async callWaiting<T>(
    { deadlineMs, patienceMs }: Waiting,
    call: (transport: Transport, signal: AbortSignal) => Promise<T>,
  ): Promise<Reply<T>> {
    const { scheduler, machine } = this.#options;
    const ended = new AbortController();
    let there: Process | undefined;
    const end = (code: Code) => {
      if (there !== undefined)
        machine.handleIn(there, () => ended.abort(new ConnectError("the caller waits no more", code)));
    };
    const gone = scheduler.after(patienceMs, () => this.#travel(() => end(Code.Canceled)));
    const reply = this.#ask(
      false,
      ({ clients }, process) => {
        there = process;
        const deadline = scheduler.after(deadlineMs, () => end(Code.DeadlineExceeded));
        return call(clients.unary, ended.signal).finally(() => scheduler.cancel(deadline));
      },
      patienceMs,
    );
    const { kind } = await reply;
    if (kind === "answer") scheduler.cancel(gone);
    return reply;
  }

  /** What the node tells one after the other, in that order. Resolves once that has ended, or after so long. */
  stream<T>(
    patienceMs: number,
    open: (transport: Transport, signal: AbortSignal) => AsyncIterable<T>,
    take: (part: T) => void,
  ): Promise<void> {
    const { scheduler, chance } = this.#options;
    let isOver = false;
    let lastAtMs = 0;
    const told = this.callWaiting({ deadlineMs: patienceMs, patienceMs }, async (transport, signal) => {
      for await (const part of open(transport, signal)) {
        lastAtMs = Math.max(lastAtMs, scheduler.nowMs + chance.between(0.1, 2));
        scheduler.after(lastAtMs - scheduler.nowMs, () => {
          if (!isOver) take(part);
        });
      }
    });
    return told.then(() => {
      isOver = true;
    });
  }

  async #ask<T>(
    repeatable: boolean,
    request: (node: RunningNode, process: Process) => Promise<T>,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<Reply<T>> {
    const { scheduler, chance, duplicateRate } = this.#options;
    return new Promise((resolve) => {
      const timeout = scheduler.after(timeoutMs, () => resolve({ kind: "unknown" }));
      let copies = 1;
      const answered = (reply: Reply<T>) => {
        scheduler.cancel(timeout);
        copies--;
        resolve(reply.kind === "refused" ? { ...reply, copyLeft: copies > 0 } : reply);
      };
      this.#deliver(request, answered);
      if (repeatable && chance.happens(duplicateRate)) {
        copies++;
        this.#deliver(request, answered);
      }
    });
  }

  #deliver<T>(request: (node: RunningNode, process: Process) => Promise<T>, resolve: (reply: Reply<T>) => void): void {
    const { machine } = this.#options;
    this.#travel(() =>
      machine.handle((running, process) => {
        const answer = (reply: Reply<T>) => {
          if (process.mayAct("answer")) this.#travel(() => resolve(reply));
        };
        request(running, process).then(
          (value) => answer({ kind: "answer", value }),
          (error: unknown) => answer(replyOf(error)),
        );
      }),
    );
  }

  #travel(arrive: () => void): void {
    const { scheduler, chance, lossRate } = this.#options;
    if (!chance.happens(lossRate)) scheduler.after(chance.between(0.1, 2), arrive);
  }
}

async function proposeTo({ consensus, state }: RunningNode, batch: Uint8Array): Promise<ApplyResult> {
  const payload = encodeEnvelope(state.clusterClock.stampMs(consensus.status().term), batch);
  state.decoder.preview(payload);
  return consensus.propose(payload);
}

async function entriesOf(
  state: KvStateMachine,
  keys: readonly Uint8Array[],
): Promise<readonly (KeyEntry | undefined)[]> {
  const limits = { pageBytes: 1_000_000, totalBytes: 1_000_000 };
  const { answers } = await state.read(
    keys.map((key) => ({ kind: "get", key })),
    limits,
  );
  return answers.map((answer) => {
    if (answer.kind !== "get") throw new Error(`a get was answered with ${answer.kind}`);
    return answer.entry;
  });
}

function replyOf(error: unknown): Reply<never> {
  if (!(error instanceof RaftError)) return { kind: "unknown" };
  switch (error.code) {
    case "notLeader":
    case "overloaded":
    case "tooLarge":
    case "transferring":
    case "superseded":
      return { kind: "refused", leader: error.leader };
    default:
      return { kind: "unknown" };
  }
}
