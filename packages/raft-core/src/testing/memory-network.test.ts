import { describe, it } from "vitest";
import type { RaftTransport } from "../ports/raft-transport.ts";
import { MemoryNetwork } from "./memory-network.ts";
import { raftTransportConformance } from "./raft-transport/conformance.ts";
import { membershipOf } from "./sample-log.ts";

describe("MemoryNetwork", () => {
  raftTransportConformance(
    { describe, it },
    {
      async create() {
        const network = new MemoryNetwork();
        const open = new Map<number, RaftTransport>();
        const [a, b, c] = membershipOf(1, 2, 3).members;
        if (!a || !b || !c) throw new Error("expected three members");
        return {
          members: [a, b, c],
          async open(id) {
            const transport = network.transport(id);
            open.set(id, transport);
            return transport;
          },
          async shut(id) {
            await open.get(id)?.close();
          },
        };
      },
    },
  );
});
