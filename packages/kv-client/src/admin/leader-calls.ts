import { ErrorCode } from "@raftkv/proto/kv";
import { backoffMs } from "../backoff.ts";
import type { CallOptions } from "../call.ts";
import type { Address } from "../endpoint.ts";
import type { Endpoints } from "../endpoints.ts";
import { RaftKvError } from "../error.ts";
import { askNode, type ClusterClient, type NodeAnswer, reasonOf } from "../node-call.ts";
import { type NodeStatus, toNodeStatus } from "../node-status.ts";
import { OpenCalls } from "../open-calls.ts";
import { pause } from "../pause.ts";
import { classify, finalError, leavesOutcomeOpen } from "../refusal.ts";
import type { StatusSettings } from "../status.ts";

/** What a request of unknown fate came to. */
export type LookedUp<T> =
  | { readonly kind: "done"; readonly value: T }
  /** Neither yet: look again. */
  | { readonly kind: "underWay" }
  | { readonly kind: "notDone" };

/** Something to ask of the leader. */
export interface LeaderRequest<T> {
  /** For messages: "changeMembership". */
  readonly name: string;
  readonly send: (client: ClusterClient, signal: AbortSignal, leader: NodeStatus) => Promise<T>;
  readonly change?: Change<T>;
}

/** Of a request that changes something. */
export interface Change<T> {
  /** Whether it has taken effect, going by the leader's status. */
  readonly lookUp: (leader: NodeStatus) => LookedUp<T>;
  /** Whether it may be asked for again once it was looked up and not found. */
  readonly repeat: boolean;
  /** How a caller finds out about an outcome in doubt; "look at the members" unless told. */
  readonly findOutBy?: string;
}

/** Something to ask of one node, as often as it takes. */
export interface NodeRequest<T> {
  readonly name: string;
  readonly send: (client: ClusterClient, signal: AbortSignal) => Promise<T>;
}

/** What one call has been through. */
interface Attempts {
  /** A request is out that may take effect, or one was whose answer was lost. */
  outcomeOpen: boolean;
  /** Failures so far; they make the pauses longer. */
  failures: number;
  lastFailure: string | undefined;
}

interface FoundLeader {
  /** Where it was reached. */
  readonly address: Address;
  readonly status: NodeStatus;
}

/**
 * Brings requests to the leader: finds it, follows it, and asks again where certainly nothing happened. Where an answer was
 * lost, it looks at the membership before it repeats anything.
 */
export class LeaderCalls {
  readonly #endpoints: Endpoints;
  readonly #settings: StatusSettings;
  readonly #calls = new OpenCalls();

  constructor(endpoints: Endpoints, settings: StatusSettings) {
    this.#endpoints = endpoints;
    this.#settings = settings;
  }

  /** The leader's own status. */
  status(options: CallOptions): Promise<NodeStatus> {
    return this.#run({ name: "leader" }, options, async (attempts, ended) => {
      return (await this.#findLeader(attempts, ended))?.status;
    });
  }

  call<T>(request: LeaderRequest<T>, options: CallOptions): Promise<T> {
    return this.#run(request, options, (attempts, ended) => this.#untilAnswered(request, attempts, ended));
  }

  /** Asks one node, whoever leads, until it answers. */
  ask<T>(address: Address, request: NodeRequest<T>, options: CallOptions): Promise<T> {
    return this.#run({ name: request.name }, options, async (attempts, ended) => {
      while (!ended.aborted) {
        const answer = await this.#ask(address, ended, request.send);
        if (answer.kind === "answered") return answer.value;
        throwIfFinal(request.name, address, answer, false);
        await this.#failed(attempts, ended, `${address}: ${reasonOf(answer)}`);
      }
      return undefined;
    });
  }

  close(): void {
    this.#calls.close();
  }

  /** One call under its deadline. `work` ends with undefined only once the call is over. */
  #run<T>(
    { name, change }: Pick<LeaderRequest<T>, "name" | "change">,
    options: CallOptions,
    work: (attempts: Attempts, ended: AbortSignal) => Promise<T | undefined>,
  ): Promise<T> {
    const attempts: Attempts = { outcomeOpen: false, failures: 0, lastFailure: undefined };
    const { call, ended } = this.#calls.open<T>({
      ...options,
      name,
      mutates: change !== undefined,
      findOutBy: change?.findOutBy ?? "look at the members",
      timeoutMs: options.timeoutMs ?? this.#settings.timeoutMs,
      clock: this.#settings.clock,
      giveUp: () => ({ outcomeUnknown: attempts.outcomeOpen, lastFailure: attempts.lastFailure }),
    });
    work(attempts, ended).then(
      (value) => {
        if (value !== undefined) call.resolve(value);
      },
      (error: RaftKvError) => call.reject(error),
    );
    return call.promise;
  }

  async #untilAnswered<T>(request: LeaderRequest<T>, attempts: Attempts, ended: AbortSignal): Promise<T | undefined> {
    for (;;) {
      const leader = await this.#findLeader(attempts, ended);
      if (leader === undefined) return undefined;
      if (attempts.outcomeOpen) {
        const found = await this.#lookUp(request, leader, attempts, ended);
        if (found === "underWay") continue;
        if (found !== "notDone") return found.value;
      }
      const { address, status } = leader;
      const openBefore = attempts.outcomeOpen;
      const answer = await this.#ask(address, ended, (client, signal) => {
        attempts.outcomeOpen = request.change !== undefined;
        return request.send(client, signal, status);
      });
      if (answer.kind === "answered") return answer.value;
      if (ended.aborted) return undefined;
      attempts.outcomeOpen = openBefore || (request.change !== undefined && leavesOpen(answer));
      if (openBefore && isFinal(answer)) {
        const found = await this.#lookUpAnew(request, attempts, ended);
        if (found === undefined || found !== "notDone") return found?.value;
      }
      throwIfFinal(request.name, address, answer, attempts.outcomeOpen);
      if (request.change?.repeat === false) throwIfTooLate(request.name, answer);
      this.#leave(address, answer);
      await this.#failed(attempts, ended, `${address}: ${reasonOf(answer)}`);
    }
  }

  /** What came of a request whose answer was lost. Throws where that stays open and it must not be repeated. */
  async #lookUp<T>(
    { name, change }: LeaderRequest<T>,
    leader: FoundLeader,
    attempts: Attempts,
    ended: AbortSignal,
  ): Promise<{ readonly value: T } | "underWay" | "notDone"> {
    const found = change?.lookUp(leader.status) ?? { kind: "notDone" };
    if (found.kind === "done") return found;
    if (found.kind === "underWay") {
      await this.#failed(attempts, ended, "it is under way");
      return "underWay";
    }
    if (change?.repeat !== false) return "notDone";
    const why = attempts.lastFailure === undefined ? "" : ` (${attempts.lastFailure})`;
    throw new RaftKvError("OUTCOME_UNKNOWN", `${name}: the answer was lost${why}, and it has not taken effect so far`, {
      outcomeUnknown: true,
    });
  }

  /** As `#lookUp`, on a membership as new as the refusal: the request that got lost may be what stood in the way. */
  async #lookUpAnew<T>(
    request: LeaderRequest<T>,
    attempts: Attempts,
    ended: AbortSignal,
  ): Promise<{ readonly value: T } | "notDone" | undefined> {
    for (;;) {
      const leader = await this.#findLeader(attempts, ended);
      if (leader === undefined) return undefined;
      const found = await this.#lookUp(request, leader, attempts, ended);
      if (found !== "underWay") return found;
    }
  }

  /** Asks node after node until one says that it leads. Undefined once the call is over. */
  async #findLeader(attempts: Attempts, ended: AbortSignal): Promise<FoundLeader | undefined> {
    while (!ended.aborted) {
      const address = this.#endpoints.next();
      const answer = await this.#ask(address, ended, (client, signal) => client.status({}, { signal }));
      if (answer.kind !== "answered") {
        this.#endpoints.failed(address);
        await this.#failed(attempts, ended, `${address}: ${reasonOf(answer)}`);
        continue;
      }
      const status = toNodeStatus(answer.value);
      this.#endpoints.membersAre(status.members.map((member) => member.address));
      if (status.role === "leader") {
        this.#endpoints.leaderIs(address);
        return { address, status };
      }
      this.#endpoints.failed(address);
      const leader = status.members.find(({ nodeId }) => nodeId === status.leaderId);
      if (leader !== undefined) this.#endpoints.leaderIs(leader.address);
      await this.#failed(attempts, ended, `${address}: ${leader === undefined ? "nobody leads" : "does not lead"}`);
    }
    return undefined;
  }

  /** The next attempt goes elsewhere, unless this node may serve it in a while. */
  #leave(address: Address, answer: NodeAnswer<unknown>): void {
    const refusal = answer.kind === "refused" ? classify(answer.detail) : undefined;
    if (refusal?.kind === "later") return;
    this.#endpoints.failed(address);
    if (refusal?.kind === "elsewhere" && refusal.leaderAddress !== undefined) {
      this.#endpoints.leaderIs(refusal.leaderAddress);
    }
  }

  #ask<T>(
    address: Address,
    ended: AbortSignal,
    send: (client: ClusterClient, signal: AbortSignal) => Promise<T>,
  ): Promise<NodeAnswer<T>> {
    return askNode(address, { ports: this.#settings, signal: ended }, send);
  }

  async #failed(attempts: Attempts, ended: AbortSignal, reason: string): Promise<void> {
    attempts.lastFailure = reason;
    attempts.failures++;
    await pause(this.#settings.clock, backoffMs(attempts.failures, this.#settings.random), ended);
  }
}

function leavesOpen(answer: NodeAnswer<unknown>): boolean {
  return answer.kind === "lost" || (answer.kind === "refused" && leavesOutcomeOpen(answer.detail));
}

function isFinal(answer: NodeAnswer<unknown>): boolean {
  return answer.kind === "refused" && classify(answer.detail).kind === "final";
}

/** Throws where the node has tried for as long as it does, and the same again would do more harm than good. */
function throwIfTooLate(name: string, answer: NodeAnswer<unknown>): void {
  if (answer.kind !== "refused" || answer.detail.code !== ErrorCode.DEADLINE_EXCEEDED) return;
  const { message, outcomeUnknown } = answer.detail;
  throw new RaftKvError("DEADLINE_EXCEEDED", `${name}: ${message}`, { outcomeUnknown });
}

/** Throws where no other attempt can end better. */
function throwIfFinal(name: string, address: Address, answer: NodeAnswer<unknown>, outcomeUnknown: boolean): void {
  if (answer.kind === "unsupported") {
    throw new RaftKvError("INTERNAL", `${name}: ${address} ${answer.reason}`, { outcomeUnknown });
  }
  if (answer.kind !== "refused") return;
  const refusal = classify(answer.detail);
  if (refusal.kind === "final") throw finalError(name, refusal, outcomeUnknown);
}
