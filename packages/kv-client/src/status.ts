import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ClusterService, Role, type StatusResponse } from "@raftkv/proto/cluster";
import { backoffMs } from "./backoff.ts";
import { Call, type CallOptions } from "./call.ts";
import type { ClientSettings } from "./client-settings.ts";
import { type Address, parseEndpoint } from "./endpoint.ts";
import type { Endpoints } from "./endpoints.ts";
import { RaftKvError } from "./error.ts";
import { Http2Connection } from "./http2-connection.ts";
import { safeInteger } from "./safe-integer.ts";

export interface StatusOptions extends CallOptions {
  /** The node to ask, as `host:port` or `http://host:port`. Any node that answers unless told. */
  readonly endpoint?: string;
}

export type NodeRole = "follower" | "preCandidate" | "candidate" | "leader" | "unknown";

export interface Member {
  readonly nodeId: number;
  /** host:port */
  readonly address: string;
  readonly memberId: string;
  readonly learner: boolean;
}

/** What one node says of itself and of the cluster. */
export interface NodeStatus {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly memberId: string;
  readonly address: string;
  /** The version of the raftkv node. */
  readonly version: string;
  readonly role: NodeRole;
  readonly term: number;
  /** Undefined where the node knows of none. */
  readonly leaderId: number | undefined;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly durableIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly revision: number;
  readonly logBytes: number;
  readonly stateBytes: number;
  readonly members: readonly Member[];
}

/** A member as another node names it, with what it says itself. */
export type MemberStatus = Member &
  (
    | { readonly status: NodeStatus; readonly error?: undefined }
    | { readonly status?: undefined; readonly error: RaftKvError }
  );

const connectTimeoutMs = 1_000;

/** Asks nodes for their status, each over a short connection of its own. */
export class StatusReader {
  readonly #endpoints: Endpoints;
  readonly #settings: ClientSettings;
  readonly #calls = new Set<Call<NodeStatus>>();
  #turn = 0;

  constructor(endpoints: Endpoints, settings: ClientSettings) {
    this.#endpoints = endpoints;
    this.#settings = settings;
  }

  /** Tries until the deadline: one node, or all of them in turn. */
  read(options: StatusOptions): Promise<NodeStatus> {
    const address = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
    const ended = new AbortController();
    let lastFailure: string | undefined;
    const call = new Call<NodeStatus>({
      ...options,
      name: "status",
      mutates: false,
      timeoutMs: options.timeoutMs ?? this.#settings.timeoutMs,
      clock: this.#settings.clock,
      giveUp: () => ({ outcomeUnknown: false, lastFailure }),
    });
    this.#calls.add(call);
    void call.done.then(() => {
      this.#calls.delete(call);
      ended.abort();
    });
    void this.#untilAnswered(call, address, ended.signal, (failure) => {
      lastFailure = failure;
    });
    return call.promise;
  }

  async readAll(options: CallOptions): Promise<readonly MemberStatus[]> {
    const { members } = await this.read(options);
    return Promise.all(
      members.map(async (member) => {
        try {
          return { ...member, status: await this.#readMember(member, options) };
        } catch (error) {
          if (error instanceof RaftKvError) return { ...member, error };
          throw error;
        }
      }),
    );
  }

  close(): void {
    for (const call of this.#calls) call.close();
  }

  /** A member that is down would be tried until the deadline: a short one tells as much. */
  #readMember(member: Member, options: CallOptions): Promise<NodeStatus> {
    const timeoutMs = Math.min(options.timeoutMs ?? this.#settings.timeoutMs, connectTimeoutMs);
    return this.read({ ...options, timeoutMs, endpoint: member.address });
  }

  async #untilAnswered(
    call: Call<NodeStatus>,
    address: Address | undefined,
    ended: AbortSignal,
    failed: (failure: string) => void,
  ): Promise<void> {
    for (let failures = 0; !call.settled; ) {
      const target = address ?? this.#next();
      try {
        const status = await this.#ask(target, ended);
        this.#endpoints.membersAre(status.members.map((member) => member.address));
        call.resolve(status);
      } catch (error) {
        failed(`${target}: ${error instanceof Error ? error.message : String(error)}`);
        failures++;
        await this.#wait(backoffMs(failures, this.#settings.random), ended);
      }
    }
  }

  #next(): Address {
    const all = this.#endpoints.all();
    const address = all[this.#turn++ % all.length];
    if (address === undefined) throw new Error("a client without endpoints");
    return address;
  }

  async #ask(address: Address, signal: AbortSignal): Promise<NodeStatus> {
    const http2 = await Http2Connection.open(address, { clock: this.#settings.clock, timeoutMs: connectTimeoutMs });
    try {
      const transport = createGrpcTransport({ baseUrl: http2.authority, sessionManager: http2, acceptCompression: [] });
      return toStatus(await createClient(ClusterService, transport).status({}, { signal }));
    } finally {
      http2.close();
    }
  }

  #wait(delayMs: number, ended: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#settings.clock.setTimer(delayMs, resolve, { background: true });
      ended.addEventListener(
        "abort",
        () => {
          timer.cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}

const roles: Readonly<Record<Role, NodeRole>> = {
  [Role.UNSPECIFIED]: "unknown",
  [Role.FOLLOWER]: "follower",
  [Role.PRE_CANDIDATE]: "preCandidate",
  [Role.CANDIDATE]: "candidate",
  [Role.LEADER]: "leader",
};

function toStatus(wire: StatusResponse): NodeStatus {
  return {
    clusterId: wire.clusterId,
    nodeId: safeInteger(wire.nodeId, "node id"),
    memberId: wire.memberId,
    address: wire.address,
    version: wire.version,
    role: roles[wire.role] ?? "unknown",
    term: safeInteger(wire.term, "term"),
    leaderId: wire.leaderId === 0n ? undefined : safeInteger(wire.leaderId, "leader id"),
    commitIndex: safeInteger(wire.commitIndex, "commit index"),
    appliedIndex: safeInteger(wire.appliedIndex, "applied index"),
    durableIndex: safeInteger(wire.durableIndex, "durable index"),
    firstIndex: safeInteger(wire.firstIndex, "first index"),
    lastIndex: safeInteger(wire.lastIndex, "last index"),
    revision: safeInteger(wire.revision, "revision"),
    logBytes: safeInteger(wire.logBytes, "log size"),
    stateBytes: safeInteger(wire.stateBytes, "state size"),
    members: wire.members.map((member) => ({
      nodeId: safeInteger(member.nodeId, "node id"),
      address: member.address,
      memberId: member.memberId,
      learner: member.learner,
    })),
  };
}
