import { type Client, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { ClusterService } from "@raftkv/proto/cluster";
import { ElectionService, type ErrorDetail, ErrorDetailSchema, KvService, LockService } from "@raftkv/proto/kv";
import { KvServices } from "../services/kv-services.ts";
import type { KvServicesOptions } from "../services/service-context.ts";
import { KvStateMachine } from "../state/kv-state-machine.ts";
import { GatedStore } from "./gated-store.ts";
import { ManualClock } from "./manual-clock.ts";
import { ScriptedConsensus } from "./scripted-consensus.ts";

export interface ServiceRig {
  readonly store: GatedStore;
  readonly clock: ManualClock;
  readonly machine: KvStateMachine;
  readonly consensus: ScriptedConsensus;
  readonly services: KvServices;
  readonly kv: Client<typeof KvService>;
  readonly locks: Client<typeof LockService>;
  readonly elections: Client<typeof ElectionService>;
  readonly cluster: Client<typeof ClusterService>;
}

/** A node's services, called in the same process, over a consensus that the test scripts. */
export async function serviceRig(options: Partial<KvServicesOptions> = {}): Promise<ServiceRig> {
  const store = new GatedStore();
  const clock = new ManualClock();
  const machine = await KvStateMachine.open({ store, clock });
  const consensus = new ScriptedConsensus(machine);
  const services = new KvServices({
    consensus,
    state: machine,
    clock,
    version: "1.2.3",
    address: "127.0.0.1:50051",
    inspect: async () => {
      throw new Error("connection refused");
    },
    usage: () => ({ logBytes: 77, snapshotBytes: 33, firstIndex: 5, lastIndex: 9 }),
    ...options,
  });
  const transport = createRouterTransport((router) => services.register(router));
  const kv = createClient(KvService, transport);
  const locks = createClient(LockService, transport);
  const elections = createClient(ElectionService, transport);
  const cluster = createClient(ClusterService, transport);
  return { store, clock, machine, consensus, services, kv, locks, elections, cluster };
}

/** The error of a call that must fail, with the detail that each error must carry. */
export async function failureOfCall(
  call: Promise<unknown>,
): Promise<{ readonly error: ConnectError; readonly detail: ErrorDetail }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  if (error === undefined) throw new Error("the call did not fail");
  const [detail] = error.findDetails(ErrorDetailSchema);
  if (detail === undefined) throw new Error(`the error carries no detail: ${error.message}`);
  return { error, detail };
}
