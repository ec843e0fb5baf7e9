import { encodeEnvelope } from "../codec/envelope.ts";
import type { KvServicesOptions } from "../services/service-context.ts";
import { encodeBatch, type OperationInit, raiseApplyVersion } from "./command-log.ts";
import { grantLease } from "./lease-operations.ts";
import { promisesSettle } from "./manual-clock.ts";
import { type ServiceRig, serviceRig } from "./service-rig.ts";

/** Lets whatever is under way come to where it waits. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await promisesSettle();
}

export async function propose(
  { consensus, machine }: ServiceRig,
  ...operations: readonly OperationInit[]
): Promise<void> {
  const stampMs = machine.clusterClock.stampMs(consensus.status().term);
  void consensus.propose(encodeEnvelope(stampMs, encodeBatch({ operations })));
  await settle();
}

/** With leases 1 to 9. */
export async function lockRig(options: Partial<KvServicesOptions> = {}): Promise<ServiceRig> {
  const rig = await serviceRig(options);
  await propose(rig, raiseApplyVersion(3));
  for (let id = 1; id <= 9; id++) await propose(rig, grantLease(60_000, id));
  return rig;
}

/** A call for a turn, and what has become of it. */
export interface Asking<T> {
  readonly answer: Promise<T>;
  readonly cancel: () => void;
  state: "waits" | "holds" | "failed";
}

/** Asks, and lets the request come to where it waits or holds. */
export async function asking<T>(ask: (call: { readonly signal: AbortSignal }) => Promise<T>): Promise<Asking<T>> {
  const canceled = new AbortController();
  const answer = ask({ signal: canceled.signal });
  const result: Asking<T> = { answer, cancel: () => canceled.abort(), state: "waits" };
  answer.then(
    () => {
      result.state = "holds";
    },
    () => {
      result.state = "failed";
    },
  );
  await settle();
  return result;
}

export const statesOf = (askings: readonly { readonly state: string }[]): readonly string[] =>
  askings.map(({ state }) => state);

export async function keysOf({ kv }: ServiceRig): Promise<readonly string[]> {
  return (await kv.range({ prefixText: "job/" })).entries.map(({ keyText }) => keyText);
}
