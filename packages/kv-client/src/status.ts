import { backoffMs } from "./backoff.ts";
import type { CallOptions } from "./call.ts";
import type { ClientSettings } from "./client-settings.ts";
import { type Address, parseEndpoint } from "./endpoint.ts";
import type { Endpoints } from "./endpoints.ts";
import { RaftKvError } from "./error.ts";
import { askNode, connectTimeoutMs, reasonOf } from "./node-call.ts";
import { type Member, type MemberStatus, type NodeStatus, toNodeStatus } from "./node-status.ts";
import { OpenCalls } from "./open-calls.ts";
import { pause } from "./pause.ts";
import type { ClientPorts } from "./ports.ts";

export interface StatusOptions extends CallOptions {
  /** The node to ask, as `host:port` or `http://host:port`. Any node that answers unless told. */
  readonly endpoint?: string;
}

export type StatusSettings = Pick<ClientSettings, "timeoutMs"> & ClientPorts;

/** Asks nodes for their status, each over a short connection of its own. */
export class StatusReader {
  readonly #endpoints: Endpoints;
  readonly #settings: StatusSettings;
  readonly #calls = new OpenCalls();
  #turn = 0;

  constructor(endpoints: Endpoints, settings: StatusSettings) {
    this.#endpoints = endpoints;
    this.#settings = settings;
  }

  /** Tries until the deadline: one node, or all of them in turn. */
  read(options: StatusOptions): Promise<NodeStatus> {
    const only = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
    let lastFailure: string | undefined;
    const { call, ended } = this.#calls.open<NodeStatus>({
      ...options,
      name: "status",
      mutates: false,
      timeoutMs: options.timeoutMs ?? this.#settings.timeoutMs,
      clock: this.#settings.clock,
      giveUp: () => ({ outcomeUnknown: false, lastFailure }),
    });
    void this.#untilAnswered(only, ended, (failure) => {
      lastFailure = failure;
    }).then(
      (status) => {
        if (status !== undefined) call.resolve(status);
      },
      (error: RaftKvError) => call.reject(error),
    );
    return call.promise;
  }

  /** Every member, as the leader names them, or the first node that answers where no leader is reached. */
  async readAll(options: CallOptions): Promise<readonly MemberStatus[]> {
    const first = await this.read(options);
    const leader = await this.#leaderOf(first, options);
    const { members } = leader ?? first;
    const known = [first, ...(leader === undefined ? [] : [leader])];
    return Promise.all(
      members.map(async (member) => ({
        ...member,
        replication: leader?.replication.find(({ nodeId }) => nodeId === member.nodeId),
        ...(await this.#ownWords(member, known, options)),
      })),
    );
  }

  close(): void {
    this.#calls.close();
  }

  async #leaderOf(first: NodeStatus, options: CallOptions): Promise<NodeStatus | undefined> {
    if (first.role === "leader") return first;
    const leader = first.members.find(({ nodeId }) => nodeId === first.leaderId);
    if (leader === undefined) return undefined;
    const { status } = await this.#ownWords(leader, [], options);
    return status?.role === "leader" ? status : undefined;
  }

  async #ownWords(
    member: Member,
    known: readonly NodeStatus[],
    options: CallOptions,
  ): Promise<{ status: NodeStatus; error?: undefined } | { error: RaftKvError; status?: undefined }> {
    const status = known.find(({ nodeId, memberId }) => nodeId === member.nodeId && memberId === member.memberId);
    if (status !== undefined) return { status };
    try {
      return { status: await this.#readMember(member, options) };
    } catch (error) {
      if (error instanceof RaftKvError) return { error };
      throw error;
    }
  }

  /** A member that is down would be tried until the deadline: a short one tells as much. */
  #readMember(member: Member, options: CallOptions): Promise<NodeStatus> {
    const timeoutMs = Math.min(options.timeoutMs ?? this.#settings.timeoutMs, connectTimeoutMs);
    return this.read({ ...options, timeoutMs, endpoint: member.address });
  }

  async #untilAnswered(
    only: Address | undefined,
    ended: AbortSignal,
    failed: (failure: string) => void,
  ): Promise<NodeStatus | undefined> {
    const { clock, random } = this.#settings;
    for (let failures = 1; !ended.aborted; failures++) {
      const address = only ?? this.#next();
      const answer = await askNode(address, { ports: this.#settings, signal: ended }, (client, signal) =>
        client.status({}, { signal }),
      );
      if (answer.kind === "answered") {
        const status = toNodeStatus(answer.value);
        this.#endpoints.membersAre(status.members.map((member) => member.address));
        return status;
      }
      failed(`${address}: ${reasonOf(answer)}`);
      await pause(clock, backoffMs(failures, random), ended);
    }
    return undefined;
  }

  #next(): Address {
    const all = this.#endpoints.all();
    const address = all[this.#turn++ % all.length];
    if (address === undefined) throw new Error("a client without endpoints");
    return address;
  }
}
