import type { NodeId } from "../../algorithm/entry.ts";
import type { Member } from "../../algorithm/membership.ts";
import type { Message } from "../../algorithm/message.ts";
import type { IncomingSnapshot, RaftTransport, SnapshotOffer, TransportHandler } from "../../ports/raft-transport.ts";
import { eventually } from "../eventually.ts";
import type { TestApi } from "../test-api.ts";

/** What the suite has to be told about the transport under test. */
export interface RaftTransportSuiteOptions {
  /** A fresh network of three nodes, none of which is open; each test has its own. */
  create(): Promise<TransportNetwork>;
  /** False where the two ends cannot go on with a snapshot that broke off, as an old version of the transport. */
  readonly goesOnWithSnapshots?: boolean;
}

/** A healthy network: what is sent over an established connection arrives. */
export interface TransportNetwork {
  readonly members: readonly [Member, Member, Member];
  /** Opens a node at its address, and hands out its transport, not started yet. After a `shut`: once more. */
  open(id: NodeId): Promise<RaftTransport>;
  /** Takes the node away: closes its transport and whatever listens for it. Nothing happens if it is not open. */
  shut(id: NodeId): Promise<void>;
}

/** One node that is open, and what it has heard. */
export interface Station {
  readonly member: Member;
  readonly transport: RaftTransport;
  readonly heard: Recording;
}

/** Keeps all that arrives. Probes, which only show that a connection stands, are left out of `messages`. */
export class Recording implements TransportHandler {
  readonly messages: { readonly from: NodeId; readonly message: Message }[] = [];
  /** The data directories that senders were said to have. */
  readonly memberIds = new Map<NodeId, string | undefined>();
  readonly unreachables: NodeId[] = [];
  readonly probed = new Set<NodeId>();
  /** What to do with a snapshot; a test sets its own. */
  onSnapshot: (incoming: IncomingSnapshot) => Promise<void> = async () => {
    throw new Error("no snapshot expected");
  };

  /** How much of an offered snapshot is there already; a test sets its own. */
  onOffer: (offer: SnapshotOffer) => Promise<number> = async () => 0;

  message(from: NodeId, message: Message, fromMemberId?: string): void {
    this.memberIds.set(from, fromMemberId);
    if (message.kind === "timeoutNowRequest" && message.term === probeTerm) this.probed.add(from);
    else this.messages.push({ from, message });
  }

  unreachable(peer: NodeId): void {
    this.unreachables.push(peer);
  }

  offer(offer: SnapshotOffer): Promise<number> {
    return this.onOffer(offer);
  }

  snapshot(incoming: IncomingSnapshot): Promise<void> {
    return this.onSnapshot(incoming);
  }
}

const probeTerm = 123_456_789;

export interface TransportTests extends TestApi {
  readonly goesOnWithSnapshots: boolean;
  /** A test with the three nodes of a network, all open, started and set up as peers of each other. */
  withStations(name: string, run: (stations: Stations) => Promise<void>): void;
  /** A test with a network that it opens itself; what it leaves open is shut afterwards. */
  withNetwork(name: string, run: (network: TransportNetwork) => Promise<void>): void;
}

export interface Stations {
  readonly first: Station;
  readonly second: Station;
  readonly third: Station;
  readonly network: TransportNetwork;
}

export function transportTests(test: TestApi, options: RaftTransportSuiteOptions): TransportTests {
  const withNetwork = (name: string, run: (network: TransportNetwork) => Promise<void>) =>
    test.it(name, async () => {
      const network = await options.create();
      try {
        await run(network);
      } finally {
        for (const { id } of network.members) await network.shut(id);
      }
    });
  return {
    ...test,
    goesOnWithSnapshots: options.goesOnWithSnapshots ?? true,
    withNetwork,
    withStations: (name, run) =>
      withNetwork(name, async (network) => {
        const [a, b, c] = network.members;
        const first = await openStation(network, a);
        const second = await openStation(network, b);
        const third = await openStation(network, c);
        await run({ first, second, third, network });
      }),
  };
}

export async function openStation(network: TransportNetwork, member: Member): Promise<Station> {
  const transport = await network.open(member.id);
  const heard = new Recording();
  transport.start(heard);
  transport.setPeers(network.members);
  return { member, transport, heard };
}

/** Resolves once a message from `from` has arrived at `to`: until then any may be lost. */
export async function connected(from: Station, to: Station): Promise<void> {
  to.heard.probed.delete(from.member.id);
  await eventually(`a message from node ${from.member.id} arrives at node ${to.member.id}`, () => {
    from.transport.send(to.member.id, { kind: "timeoutNowRequest", term: probeTerm });
    return to.heard.probed.has(from.member.id);
  });
}

/** A message that can be told from others by its number. */
export function numbered(round: number): Message {
  return { kind: "heartbeatRequest", term: 3, commit: 7, round };
}

/** The numbers of the numbered messages that arrived from this node, in order. */
export function numbersFrom(from: Station, at: Station): readonly number[] {
  return at.heard.messages.flatMap(({ from: sender, message }) =>
    sender === from.member.id && message.kind === "heartbeatRequest" ? [message.round] : [],
  );
}
