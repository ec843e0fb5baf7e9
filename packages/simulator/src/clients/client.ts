import { type Answer, APPLY_VERSION, type ApplyResult } from "@raftkv/kv-server";
import type { Outcome } from "../history/history-recorder.ts";
import type { KeyAnswer, KeyCall } from "../history/models/key-value-model.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import { type CommandOperation, encodeCommand } from "./command.ts";
import type { RemoteNode, Reply } from "./remote-node.ts";
import { bytesOf, textOf } from "./utf8.ts";

interface ClientOptions {
  /** Whom it may ask. */
  readonly nodes: readonly RemoteNode[];
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly sessionTtlMs: number;
  readonly patienceMs: number;
  /** Whether the nodes may read by lease. */
  readonly leases: boolean;
}

export type Write = Exclude<KeyCall, { kind: "get" }>;

/** Where a session stands. A number is given to one operation only, however often that is sent. */
interface Session {
  readonly id: number;
  nextSequence: number;
}

/** A client that follows the rules (rule 15): what has a session is sent again until it is answered, all else is not. */
export class Client {
  readonly #options: ClientOptions;
  #session: Session | undefined;
  #target: RemoteNode | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async perform(key: string, call: KeyCall): Promise<Outcome> {
    const deadlineMs = this.#options.scheduler.nowMs + this.#options.patienceMs;
    if (call.kind === "get") return this.#get(key, deadlineMs);
    const operation = operationOf(key, call);
    if (this.#options.chance.happens(0.1)) return this.#once(operation);
    const [outcome] = await this.#inSession([operation], deadlineMs);
    return outcome ?? { kind: "nothing" };
  }

  /** All of them in one batch, in their order, within the session: answered, or not, as one. */
  async writeMany(operations: readonly { readonly key: string; readonly call: Write }[]): Promise<readonly Outcome[]> {
    const deadlineMs = this.#options.scheduler.nowMs + this.#options.patienceMs;
    return this.#inSession(
      operations.map(({ key, call }) => operationOf(key, call)),
      deadlineMs,
    );
  }

  /** All of them with one read, at whoever it is. */
  async readMany(keys: readonly string[]): Promise<readonly Outcome[]> {
    const { scheduler, chance, patienceMs } = this.#options;
    const deadlineMs = scheduler.nowMs + patienceMs;
    if (chance.happens(0.5)) this.#target = this.#anyNode();
    while (scheduler.nowMs < deadlineMs) {
      const reply = await this.#node().getMany(keys.map(bytesOf), this.#byLease());
      if (reply.kind === "answer") return reply.value.map((entry) => ({ kind: "answered", answer: found(entry) }));
      await this.#goElsewhere(reply);
    }
    return keys.map(() => ({ kind: "nothing" }));
  }

  /** One try, without a session. */
  async performOnce(key: string, call: KeyCall): Promise<Outcome> {
    if (call.kind !== "get") return this.#once(operationOf(key, call));
    const reply = await this.#anyNode().get(bytesOf(key), this.#byLease());
    return reply.kind === "answer" ? { kind: "answered", answer: found(reply.value) } : { kind: "nothing" };
  }

  /** Has the store applied in its latest way from now on, in which it keeps its history. Resolves with whether it is. */
  async keepHistory(): Promise<boolean> {
    const { scheduler, patienceMs } = this.#options;
    const deadlineMs = scheduler.nowMs + patienceMs;
    const operation = { case: "raiseApplyVersion", value: { applyVersion: APPLY_VERSION } } as const;
    const batch = encodeCommand({ sessionId: 0, sequence: 0, acknowledgedThrough: 0, operations: [operation] });
    while (scheduler.nowMs < deadlineMs) {
      // Refused where it is done already.
      const reply = await this.#node().propose(batch, true);
      if (reply.kind === "answer") return true;
      await this.#goElsewhere(reply);
    }
    return false;
  }

  async #get(key: string, deadlineMs: number): Promise<Outcome> {
    const { scheduler, chance } = this.#options;
    // Half of the reads go to anybody: to a leader of the past, for one.
    if (chance.happens(0.5)) this.#target = this.#anyNode();
    while (scheduler.nowMs < deadlineMs) {
      const reply = await this.#node().get(bytesOf(key), this.#byLease());
      if (reply.kind === "answer") return { kind: "answered", answer: found(reply.value) };
      await this.#goElsewhere(reply);
    }
    return { kind: "nothing" };
  }

  /** Without a session it is sent again only while it certainly had no effect. */
  async #once(operation: CommandOperation): Promise<Outcome> {
    const reply = await this.#node().propose(
      encodeCommand({ sessionId: 0, sequence: 0, acknowledgedThrough: 0, operations: [operation] }),
      false,
    );
    if (reply.kind === "answer") return outcomeOf(onlyAnswer(reply.value));
    await this.#goElsewhere(reply);
    return { kind: reply.kind === "refused" ? "nothing" : "unknown" };
  }

  async #inSession(operations: readonly CommandOperation[], deadlineMs: number): Promise<readonly Outcome[]> {
    const session = await this.#openSession(deadlineMs);
    if (session === undefined) return operations.map(() => ({ kind: "nothing" }));
    const sequence = session.nextSequence;
    session.nextSequence += operations.length;
    const batch = encodeCommand({ sessionId: session.id, sequence, acknowledgedThrough: sequence - 1, operations });
    let mayHaveHappened = false;
    while (this.#options.scheduler.nowMs < deadlineMs) {
      const reply = await this.#node().propose(batch, true);
      if (reply.kind === "answer") return this.#answered(operations, reply.value, mayHaveHappened);
      if (reply.kind === "unknown" || reply.copyLeft) mayHaveHappened = true;
      await this.#goElsewhere(reply);
    }
    // Its number is taken: a new session begins anew.
    this.#session = undefined;
    return operations.map(() => ({ kind: mayHaveHappened ? "unknown" : "nothing" }));
  }

  /** A session that has expired says nothing about what was sent in it before. */
  #answered(operations: readonly unknown[], result: ApplyResult, mayHaveHappened: boolean): readonly Outcome[] {
    const answers = result.kind === "answers" ? result.answers : [];
    const outcomes = operations.map((_, position) => outcomeOf(answers[position]));
    if (outcomes.every(({ kind }) => kind === "answered")) return outcomes;
    this.#session = undefined;
    return mayHaveHappened
      ? outcomes.map((outcome) => (outcome.kind === "answered" ? outcome : { kind: "unknown" }))
      : outcomes;
  }

  async #openSession(deadlineMs: number): Promise<Session | undefined> {
    while (this.#session === undefined && this.#options.scheduler.nowMs < deadlineMs) {
      const ttlMs = BigInt(this.#options.sessionTtlMs);
      const operation = { case: "openSession", value: { ttlMs } } as const;
      const batch = encodeCommand({ sessionId: 0, sequence: 0, acknowledgedThrough: 0, operations: [operation] });
      const reply = await this.#node().propose(batch, true);
      const answer = reply.kind === "answer" ? onlyAnswer(reply.value) : undefined;
      if (answer?.kind === "openSession") this.#session = { id: answer.sessionId, nextSequence: 1 };
      else await this.#goElsewhere(reply);
    }
    return this.#session;
  }

  #byLease(): boolean {
    return this.#options.leases && this.#options.chance.happens(0.7);
  }

  #node(): RemoteNode {
    this.#target ??= this.#anyNode();
    return this.#target;
  }

  /** Nobody tells a client of a machine that is not there yet. */
  #anyNode(): RemoteNode {
    const { chance, nodes } = this.#options;
    const found = chance.pick(nodes.filter(({ exists }) => exists)) ?? nodes[0];
    if (found === undefined) throw new Error("a client without nodes");
    return found;
  }

  /** To the leader where it is known, after a short pause; else to anybody. */
  async #goElsewhere(reply: Reply<unknown>): Promise<void> {
    const { scheduler, chance, nodes } = this.#options;
    const leader = reply.kind === "refused" ? nodes.find(({ id }) => id === reply.leader) : undefined;
    this.#target = leader ?? this.#anyNode();
    await scheduler.sleep(chance.between(1, leader === undefined ? 50 : 5));
  }
}

function operationOf(key: string, call: Write): CommandOperation {
  if (call.kind === "delete") return { case: "delete", value: { key: bytesOf(key) } };
  return { case: "put", value: { key: bytesOf(key), value: bytesOf(call.value) } };
}

function onlyAnswer(result: ApplyResult): Answer | undefined {
  if (result.kind === "answers") return result.answers[0];
  return result.kind === "refused" ? result : undefined;
}

function outcomeOf(answer: Answer | undefined): Outcome {
  if (answer?.kind === "put") return { kind: "answered", answer: { kind: "put", revision: answer.revision } };
  if (answer?.kind === "delete") return { kind: "answered", answer: { kind: "deleted", deleted: answer.deleted } };
  return { kind: "nothing" };
}

function found(entry: { value: Uint8Array; version: number; modRevision: number } | undefined): KeyAnswer {
  if (entry === undefined) return { kind: "absent" };
  const { value, version, modRevision } = entry;
  return { kind: "found", value: textOf(value), version, modRevision };
}
