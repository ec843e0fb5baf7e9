import { type CallOptions, checkTimeout } from "../call.ts";
import { parseEndpoint } from "../endpoint.ts";
import { Endpoints } from "../endpoints.ts";
import { RaftKvError } from "../error.ts";
import type { MemberStatus, NodeStatus } from "../node-status.ts";
import { safeInteger } from "../safe-integer.ts";
import { type StatusOptions, StatusReader } from "../status.ts";
import { type AdminSettings, type RaftKvAdminOptions, readAdminOptions } from "./admin-settings.ts";
import { BackupCall, type BackupInfo, type BackupOptions, type BackupSink } from "./backup.ts";
import { CheckCall, type CheckOptions } from "./check.ts";
import type { CheckReport } from "./check-report.ts";
import { LeaderCalls } from "./leader-calls.ts";
import {
  type ChangeMembershipOptions,
  changeRequest,
  type ForceOptions,
  leaveJointRequest,
  type Membership,
} from "./membership-change.ts";
import { checkNodeId, type MembershipStep } from "./membership-step.ts";
import { transferRequest } from "./transfer.ts";

export interface AddMemberOptions extends ForceOptions {
  /** `voter`: it votes at once; until it has caught up, it is a voter that is missing. `learner` unless told. */
  readonly as?: "learner" | "voter";
  /** Of a learner: the leader makes it a voter as soon as it has caught up. True unless told. */
  readonly promoteWhenCaughtUp?: boolean;
  /** Among voters that could lead, the one with the highest is preferred. 0 to 100, 0 unless told. */
  readonly priority?: number;
}

/** Who listens at an address. */
export interface InspectedNode {
  readonly nodeId: number;
  readonly memberId: string;
  /** Undefined: it belongs to no cluster yet, and can be added. */
  readonly clusterId: string | undefined;
}

export interface SnapshotResult {
  /** The node's state is on stable storage up to here. */
  readonly durableIndex: number;
  /** Its log starts here now. */
  readonly firstIndex: number;
}

/**
 * Administers a raftkv cluster: who takes part, who leads, what is kept. It finds the leader from any endpoint and follows
 * it. Each call opens connections of its own and leaves none.
 *
 * A change is asked for again only where certainly nothing happened, or where an answer was lost and the membership shows
 * that it has not taken effect. Whatever fails rejects with a `RaftKvError`; its `outcomeUnknown` is true where the change
 * may have taken effect, or may still.
 */
export class RaftKvAdmin implements AsyncDisposable {
  readonly #status: StatusReader;
  readonly #leader: LeaderCalls;
  readonly #endpoints: Endpoints;
  readonly #settings: AdminSettings;
  readonly #closing = new AbortController();
  #closed = false;

  /** Connects to nothing yet. Throws INVALID_ARGUMENT where an option makes no sense. */
  constructor(options: RaftKvAdminOptions) {
    const settings = readAdminOptions(options);
    const endpoints = new Endpoints(settings.addresses, settings.random);
    this.#endpoints = endpoints;
    this.#settings = settings;
    this.#status = new StatusReader(endpoints, settings);
    this.#leader = new LeaderCalls(endpoints, settings);
  }

  /** One node's view of itself and the cluster: of `endpoint`, or of the first node that answers. */
  async status(options: StatusOptions = {}): Promise<NodeStatus> {
    this.#check("status", options);
    return this.#status.read(options);
  }

  /**
   * Every member, as the leader names them (or the first node that answers, where no leader is reached), each with its own
   * status or with why it has none, and with how far it has come.
   */
  async members(options: CallOptions = {}): Promise<readonly MemberStatus[]> {
    this.#check("members", options);
    return this.#status.readAll(options);
  }

  /** The leader's view of itself and the cluster. Waits for one where there is none. */
  async leader(options: CallOptions = {}): Promise<NodeStatus> {
    this.#check("leader", options);
    return this.#leader.status(options);
  }

  /**
   * Adds the node that waits to be added at `address`: as a learner, which the leader makes a voter once it has caught up,
   * unless told otherwise. Resolves once that is committed, not once it has caught up.
   */
  async addMember(address: string, options: AddMemberOptions = {}): Promise<Membership> {
    const { as = "learner", promoteWhenCaughtUp = true, priority = 0, ...rest } = options;
    const step: MembershipStep =
      as === "voter"
        ? { kind: "addVoter", address, priority }
        : { kind: "addLearner", address, promoteWhenCaughtUp, priority };
    return this.changeMembership([step], rest);
  }

  /** A learner becomes a voter. */
  async promote(nodeId: number, options: ForceOptions = {}): Promise<Membership> {
    return this.changeMembership([{ kind: "promote", nodeId }], options);
  }

  /** A voter becomes a learner. */
  async demote(nodeId: number, options: ForceOptions = {}): Promise<Membership> {
    return this.changeMembership([{ kind: "demote", nodeId }], options);
  }

  async remove(nodeId: number, options: ForceOptions = {}): Promise<Membership> {
    return this.changeMembership([{ kind: "remove", nodeId }], options);
  }

  /** The learner `by` becomes a voter and the voter `nodeId` is removed, in one joint change. */
  async replace(nodeId: number, by: number, options: ForceOptions = {}): Promise<Membership> {
    return this.changeMembership([{ kind: "replace", nodeId, by }], options);
  }

  /** The same node, with the same data, at another address. */
  async move(nodeId: number, address: string, options: ForceOptions = {}): Promise<Membership> {
    return this.changeMembership([{ kind: "move", nodeId, address }], options);
  }

  /** Among voters that could lead, the one with the highest priority is preferred. */
  async setPriority(nodeId: number, priority: number, options: ForceOptions = {}): Promise<Membership> {
    return this.changeMembership([{ kind: "setPriority", nodeId, priority }], options);
  }

  /**
   * Changes who takes part; the steps take effect together. Resolves once that is committed. A joint membership on the way
   * may not have been left yet: `joint` says so.
   */
  async changeMembership(steps: readonly MembershipStep[], options: ChangeMembershipOptions = {}): Promise<Membership> {
    this.#check("changeMembership", options);
    return this.#leader.call(changeRequest(steps, options), options);
  }

  /** Leaves a joint membership that an `explicit` change entered. */
  async leaveJoint(options: CallOptions = {}): Promise<Membership> {
    this.#check("leaveJoint", options);
    return this.#leader.call(leaveJointRequest(), options);
  }

  /**
   * Hands leadership to a voter, or of those that keep up to the one with the highest priority, then the longest log, and
   * resolves once it leads. Meanwhile writes wait. TRANSFER_FAILED where it is not handed over; the message says why.
   */
  async transferLeadership(to?: number, options: CallOptions = {}): Promise<{ readonly leaderId: number }> {
    this.#check("transferLeadership", options);
    return this.#leader.call(transferRequest(to === undefined ? undefined : checkNodeId(to, "to")), options);
  }

  /** Has the node at `endpoint` make its state durable and drop the log that it no longer needs. */
  async takeSnapshot(endpoint: string, options: CallOptions = {}): Promise<SnapshotResult> {
    this.#check("takeSnapshot", options);
    return this.#leader.ask(
      parseEndpoint(endpoint),
      {
        name: "takeSnapshot",
        send: async (client, signal) => {
          const { durableIndex, firstIndex } = await client.takeSnapshot({}, { signal });
          return {
            durableIndex: safeInteger(durableIndex, "durable index"),
            firstIndex: safeInteger(firstIndex, "first index"),
          };
        },
      },
      options,
    );
  }

  /** Has the leader find out who listens at an address: whether a node that is to be added can be reached from there. */
  async inspectAddress(address: string, options: CallOptions = {}): Promise<InspectedNode> {
    this.#check("inspectAddress", options);
    const parsed = parseEndpoint(address);
    return this.#leader.call(
      {
        name: "inspectAddress",
        send: async (client, signal) => {
          const { nodeId, memberId, clusterId } = await client.inspectAddress({ address: parsed }, { signal });
          return {
            nodeId: safeInteger(nodeId, "node id"),
            memberId,
            clusterId: clusterId === "" ? undefined : clusterId,
          };
        },
      },
      options,
    );
  }

  /**
   * Fetches the state of a member as one consistent whole, a file that `raftkv restore` builds a cluster from, and hands it to
   * `sink` piece by piece. Resolves once all of it was handed over and its checksum holds. What was handed over before a
   * rejection is no backup.
   */
  async backup(sink: BackupSink, options: BackupOptions = {}): Promise<BackupInfo> {
    this.#check("backup", options);
    return new BackupCall(this.#endpoints, this.#settings, sink, options).run(this.#closing.signal);
  }

  /**
   * Has every member read its whole state as of one entry of the log, and compares what they hold: revisions, keys, values,
   * history, sessions and leases. Resolves with a verdict on each, also where they differ. Goes on for as long as the
   * members come further; the cluster serves meanwhile. A member that a majority contradicts takes itself out soon after.
   */
  async check(options: CheckOptions = {}): Promise<CheckReport> {
    this.#check("check", options);
    return new CheckCall(this.#leader, this.#settings, options).run(this.#closing.signal);
  }

  /** Ends the calls under way with CLOSED. Later calls reject with it too. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort();
    this.#status.close();
    this.#leader.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(name: string, { timeoutMs }: CallOptions): void {
    if (this.#closed) throw new RaftKvError("CLOSED", `${name}: the client is closed`);
    if (timeoutMs !== undefined) checkTimeout(timeoutMs);
  }
}
