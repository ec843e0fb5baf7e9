import { createClient } from "@connectrpc/connect";
import { type CheckResultResponse, CheckStage, ClusterService } from "@raftkv/proto/cluster";
import { ErrorCode, KvService } from "@raftkv/proto/kv";
import type { StoreHistory } from "../observed/store-history.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { Acknowledged } from "./acknowledged.ts";
import { CheckRecords } from "./check-records.ts";
import type { Client } from "./client.ts";
import type { KeptHistory } from "./kept-history.ts";
import type { RemoteNode } from "./remote-node.ts";
import type { ServiceCalls } from "./service-calls.ts";

interface StateCheckersOptions {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly acknowledged: Acknowledged;
  readonly kept: KeptHistory;
  readonly ended: () => boolean;
  readonly breaks: (invariant: string, finding: string) => void;
}

interface StateCheckerRole {
  readonly name: string;
  readonly chance: Chance;
  readonly calls: ServiceCalls;
  /** With which it has the store come to the version that has its state checked. */
  readonly client: Client;
  readonly thinkMs: number;
}

/** As `raftkv check`: clients that have the whole state checked, and ask the nodes what came of it, for as long as that takes or longer. */
export class StateCheckers {
  readonly #options: StateCheckersOptions;
  readonly #records = new CheckRecords();
  /** The latest that were begun: they are asked for again later. */
  readonly #indexes: bigint[] = [];

  constructor(options: StateCheckersOptions) {
    this.#options = options;
  }

  /** How often a node had a state to tell of. */
  get told(): number {
    return this.#records.count;
  }

  /** Resolves once the work has ended. */
  async loop(role: StateCheckerRole): Promise<void> {
    const { scheduler, kept, ended, breaks } = this.#options;
    const { name, chance, client, thinkMs } = role;
    await kept.begun(client, chance, thinkMs);
    try {
      while (!ended()) {
        await scheduler.sleep(chance.exponential(thinkMs));
        await this.#check(role);
      }
    } catch (error) {
      breaks("checks of the state are served", `${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Throws where what was told is not what the log has made of the store. */
  check(history: StoreHistory): void {
    this.#records.check(history);
  }

  async #check({ name, chance, calls, thinkMs }: StateCheckerRole): Promise<void> {
    const { scheduler, trace, ended } = this.#options;
    // What that makes superfluous each node removes at its own pace, and the check begins in the midst of it.
    if (chance.happens(0.6)) await this.#compact(calls);
    const begun = await calls.write(async (transport) => {
      const { index } = await createClient(ClusterService, transport).beginCheck({});
      return index;
    });
    const what = begun.kind === "refused" ? ErrorCode[begun.code] : begun.kind;
    trace.add(`${name}: begins a check: ${begun.kind === "answered" ? `at ${begun.value}` : what}`);
    if (begun.kind === "answered") this.#indexes.push(begun.value);
    if (this.#indexes.length > 4) this.#indexes.shift();
    for (let rounds = chance.integer(1, 5); rounds > 0 && !ended(); rounds--) {
      await scheduler.sleep(chance.exponential(thinkMs / 10));
      const index = chance.happens(0.8) ? this.#indexes.at(-1) : chance.pick(this.#indexes);
      if (index !== undefined) await Promise.all(calls.nodes.map((node) => this.#ask(name, calls, node, index)));
    }
  }

  async #compact(calls: ServiceCalls): Promise<void> {
    const revision = BigInt(this.#options.acknowledged.latest);
    await calls.write((transport) => createClient(KvService, transport).compact({ revision }));
  }

  async #ask(name: string, calls: ServiceCalls, node: RemoteNode, index: bigint): Promise<void> {
    const { trace, breaks } = this.#options;
    const outcome = await calls.read(
      (transport) => createClient(ClusterService, transport).checkResult({ index }),
      node,
    );
    if (outcome.kind !== "answered") return;
    const { stage, checked } = outcome.value;
    trace.add(`${name}: of ${index} node ${node.id} says ${CheckStage[stage]}`);
    const wrong = wrongStage(outcome.value, node, index) ?? (checked && this.#records.add(node.id, checked));
    if (wrong !== undefined) breaks("a check of the state finds no difference where there is none", wrong);
  }
}

function wrongStage(response: CheckResultResponse, { id }: RemoteNode, index: bigint): string | undefined {
  const { nodeId, stage, appliedIndex, checked } = response;
  if (Number(nodeId) !== id) return `node ${id} answers as node ${nodeId}`;
  if ((stage === CheckStage.DONE) !== (checked?.index === index)) {
    return `node ${id} says ${CheckStage[stage]} of entry ${index}, with a state of entry ${checked?.index}`;
  }
  const isAhead = appliedIndex < index;
  if ((stage === CheckStage.WAITING) === isAhead) return undefined;
  return `node ${id} says ${CheckStage[stage]} of entry ${index}, and has applied ${appliedIndex}`;
}
