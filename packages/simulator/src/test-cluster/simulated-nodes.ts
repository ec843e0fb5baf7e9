import type { Membership } from "@raftkv/raft-core";
import { ClientNetwork } from "../client-network/client-network.ts";
import { SimulatedDisk } from "../disk/simulated-disk.ts";
import { Invariants } from "../invariants/invariants.ts";
import { Machine, memberOn } from "../machine/machine.ts";
import { SimulatedNetwork } from "../network/network.ts";
import { calmDisk, calmNetwork } from "../plan/draw-plan.ts";
import { calmClientNetwork } from "../plan/draw-typed-clients.ts";
import { type Chance, chanceOf } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { TestClusterSettings } from "./test-cluster-options.ts";

/** The nodes of a test cluster, and what is between them and to their clients: well, unless something is done to them. */
export class SimulatedNodes {
  readonly invariants = new Invariants();
  readonly network: SimulatedNetwork;
  readonly clientNetwork: ClientNetwork;
  readonly machines: readonly Machine[];

  constructor(settings: TestClusterSettings, scheduler: Scheduler, trace: Trace) {
    const { seed, nodes, electionTimeoutMs, maxClockDrift } = settings;
    const chance = (name: string): Chance => chanceOf(seed, name);
    const { invariants } = this;
    const observe: Invariants["observe"] = (observation) => invariants.observe(observation);
    this.network = new SimulatedNetwork({
      scheduler,
      chance: chance("network"),
      trace,
      observe,
      oldNodes: new Set(),
      settings: calmNetwork,
    });
    const founders = foundersOf(nodes);
    this.machines = founders.members.map(({ id }) => {
      const disk = new SimulatedDisk({
        name: `${id}`,
        scheduler,
        chance: chance(`disk ${id}`),
        trace,
        settings: calmDisk,
      });
      return new Machine({
        id,
        founds: founders,
        config: {
          electionTimeoutMinMs: electionTimeoutMs,
          electionTimeoutMaxMs: 2 * electionTimeoutMs,
          heartbeatIntervalMs: electionTimeoutMs / 5,
          maxClockDrift,
        },
        merge: {},
        scheduler,
        chance: chance(`node ${id}`),
        trace,
        network: this.network,
        disk,
        observe,
        wrappers: {},
        processEnded: (process) => this.clientNetwork.detach(process),
        unexpected: (finding) => invariants.breaks("nodes keep running", finding),
      });
    });
    this.clientNetwork = new ClientNetwork({
      scheduler,
      chance: chance("client network"),
      trace,
      machines: this.machines,
      settings: calmClientNetwork,
    });
    for (const machine of this.machines) machine.start();
  }

  /** After each event. */
  look(): void {
    for (const machine of this.machines) {
      const status = machine.takeNews();
      if (status === undefined || !this.invariants.isNews(machine.id, status)) continue;
      this.invariants.observe({ kind: "status", node: machine.id, status });
    }
  }

  get addresses(): readonly string[] {
    return this.machines.map(({ id }) => memberOn(id).address);
  }
}

function foundersOf(nodes: number): Membership {
  const members = Array.from({ length: nodes }, (_, position) => memberOn(position + 1));
  return { voters: members.map(({ id }) => id), outgoingVoters: [], learners: [], members };
}
