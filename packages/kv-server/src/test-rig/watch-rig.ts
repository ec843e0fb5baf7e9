import { encodeEnvelope } from "../codec/envelope.ts";
import type { KvServicesOptions } from "../services/service-context.ts";
import { encodeBatch, type OperationInit, raiseApplyVersion } from "./command-log.ts";
import { promisesSettle } from "./manual-clock.ts";
import { type ServiceRig, serviceRig } from "./service-rig.ts";
import type { WatchCallRig } from "./watch-call.ts";

export interface WatchRig extends ServiceRig {
  write(...operations: readonly OperationInit[]): Promise<void>;
}

/** The store is at revision 1, and keeps history unless it is applied as by the first version. */
export async function watchRig(options: Partial<KvServicesOptions> = {}, applyVersion = 2): Promise<WatchRig> {
  const rig = await serviceRig(options);
  const write = async (...operations: readonly OperationInit[]) => {
    await rig.consensus.propose(encodeEnvelope(0, encodeBatch({ operations })));
  };
  if (applyVersion > 1) await write(raiseApplyVersion(applyVersion));
  return { ...rig, write };
}

export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await promisesSettle();
}

export function failureIn(call: WatchCallRig, watchId: bigint) {
  const canceled = call.of(watchId).find((response) => response.case === "canceled");
  return canceled?.case === "canceled" ? canceled.value.error : undefined;
}
