import { once } from "node:events";
import { createServer } from "node:net";
import type { NodeId } from "@raftkv/raft-core";
import { raftTransportConformance, type TransportNetwork } from "@raftkv/raft-core/testing";
import { describe, it, vi } from "vitest";
import { type ProtocolVersions, protocolVersions } from "./codec/protocol-version.ts";
import { type LoopbackNode, startNode } from "./testing/loopback.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const [oldest, newest] = [{ min: 1, max: 1 }, protocolVersions];

// Each node speaks what its place says: the last nodes of an upgrade are as good as the first.
describe.each([
  ["of this version", [newest, newest, newest]],
  ["of the version before and of this one", [oldest, newest, oldest]],
  ["of this version and of the one before", [newest, oldest, newest]],
] as const)("nodes %s", (_, versions) => {
  raftTransportConformance(
    { describe, it },
    {
      create: () => loopbackNetwork(versions),
      goesOnWithSnapshots: versions.every(({ max }) => max > 1),
    },
  );
});

async function loopbackNetwork(versions: readonly ProtocolVersions[]): Promise<TransportNetwork> {
  const [first, second, third] = await freePorts();
  const ports = new Map([
    [1, first],
    [2, second],
    [3, third],
  ]);
  const starts = new Map<NodeId, number>();
  const open = new Map<NodeId, LoopbackNode>();
  const member = (id: NodeId) => ({ id, address: `127.0.0.1:${ports.get(id)}`, memberId: `member-${id}` });
  const speaking = (id: NodeId) => {
    const spoken = versions[id - 1];
    return spoken === undefined ? {} : { versions: spoken, saysAddress: true };
  };
  return {
    members: [member(1), member(2), member(3)],
    open: async (id) => {
      const incarnation = (starts.get(id) ?? 0) + 1;
      starts.set(id, incarnation);
      const node = await startNode(id, {
        port: ports.get(id) ?? 0,
        identity: { incarnation },
        started: false,
        ...speaking(id),
      });
      open.set(id, node);
      return node.transport;
    },
    shut: async (id) => {
      await open.get(id)?.close();
      open.delete(id);
    },
  };
}

/** The suite wants addresses before anybody listens. Held together, so that they differ, and then given back. */
async function freePorts(): Promise<readonly [number, number, number]> {
  const [first, second, third] = [await hold(), await hold(), await hold()];
  for (const held of [first, second, third]) await held.release();
  return [first.port, second.port, third.port];
}

async function hold(): Promise<{ readonly port: number; release(): Promise<void> }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return { port: address.port, release: () => new Promise((resolve) => server.close(() => resolve())) };
}
