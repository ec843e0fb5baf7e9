import { once } from "node:events";
import { createServer } from "node:net";
import type { NodeId } from "@raftkv/raft-core";
import { raftTransportConformance, type TransportNetwork } from "@raftkv/raft-core/testing";
import { describe, it, vi } from "vitest";
import { type LoopbackNode, startNode } from "./testing/loopback.ts";

// Real sockets on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

raftTransportConformance({ describe, it }, { create: loopbackNetwork });

async function loopbackNetwork(): Promise<TransportNetwork> {
  const [first, second, third] = await freePorts();
  const ports = new Map([
    [1, first],
    [2, second],
    [3, third],
  ]);
  const starts = new Map<NodeId, number>();
  const open = new Map<NodeId, LoopbackNode>();
  const member = (id: NodeId) => ({ id, address: `127.0.0.1:${ports.get(id)}`, memberId: `member-${id}` });
  return {
    members: [member(1), member(2), member(3)],
    open: async (id) => {
      const incarnation = (starts.get(id) ?? 0) + 1;
      starts.set(id, incarnation);
      const node = await startNode(id, { port: ports.get(id) ?? 0, identity: { incarnation }, started: false });
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
