import type { HistoryRecorder } from "../history/history-recorder.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Client } from "./client.ts";

interface ReaderRole {
  readonly name: string;
  readonly chance: Chance;
  /** One of each node. */
  readonly clients: readonly Client[];
  readonly thinkMs: number;
  readonly scheduler: Scheduler;
  readonly recorder: HistoryRecorder;
  /** Where something has just happened. */
  readonly lastKey: () => string;
  readonly ended: () => boolean;
}

/** Reads at one node for a while, whoever leads, then at another. Resolves once the work has ended. */
export async function readOn({ name, chance, clients, ...role }: ReaderRole): Promise<void> {
  const { thinkMs, scheduler, recorder, lastKey, ended } = role;
  while (!ended()) {
    const client = chance.pick(clients);
    for (let read = chance.integer(1, 30); read > 0 && !ended() && client !== undefined; read--) {
      await scheduler.sleep(chance.exponential(thinkMs));
      const key = lastKey();
      await recorder.record(key, { kind: "get" }, () => client.performOnce(key, { kind: "get" }), name);
    }
  }
}
