import { ConnectError } from "@connectrpc/connect";
import { ErrorCode } from "@raftkv/proto/kv";
import { systemClock, type Timer } from "@raftkv/raft-core";
import { connectError } from "./error-mapping.ts";
import type { ServiceContext } from "./service-context.ts";

/** A client that has taken nothing for so long is given up, if what waits for it takes the room of others. */
const STALL_MS = 5_000;

export interface StalledClientOptions {
  readonly context: ServiceContext;
  /** What waits for clients leaves no room. */
  readonly isRoomNeeded: () => boolean;
  readonly giveUp: (error: ConnectError) => void;
  /** For the message: what is not read, and what is to be done. */
  readonly what: string;
  readonly advice: string;
}

/** Watches over one stream while its client does not read. */
export class StalledClient {
  readonly #options: StalledClientOptions;
  #timer: Timer | undefined;

  constructor(options: StalledClientOptions) {
    this.#options = options;
  }

  /** What was written waits for the client to read. */
  waits(): void {
    this.#timer ??= this.#start();
  }

  /** The client has read, or is gone. */
  ended(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #start(): Timer {
    const { context, isRoomNeeded, giveUp, what, advice } = this.#options;
    return (context.options.clock ?? systemClock).setTimer(STALL_MS, () => {
      this.#timer = undefined;
      if (!isRoomNeeded()) {
        this.#timer = this.#start();
        return;
      }
      const message = `the client does not read ${what}, and the node needs the room: ${advice}`;
      giveUp(ConnectError.from(connectError({ code: ErrorCode.RESOURCE_EXHAUSTED, message })));
    });
  }
}
