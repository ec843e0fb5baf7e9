import { RaftKvError } from "@raftkv/kv-client";
import { Lock } from "./lock.ts";
import { StaleToken, type Stock } from "./stock.ts";
import type { Surroundings } from "./surroundings.ts";

export interface ShopOptions {
  readonly owner: string;
  readonly stock: Stock;
  /**
   * `all`: the stock is shown the token whenever it is used. The others are what this application did at first, and are
   * here for the test to find them out: `none`, because "we have a lock"; `writes`, because only writes can do harm.
   */
  readonly fencing?: "all" | "writes" | "none";
}

/** One of the processes that sell tickets. */
export class Shop {
  readonly #surroundings: Surroundings;
  readonly #options: ShopOptions;
  readonly #lock: Lock;
  #sold = 0;

  constructor(surroundings: Surroundings, options: ShopOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
    this.#lock = new Lock(surroundings, { name: "stock", owner: options.owner, ttlMs: 2_000 });
  }

  get sold(): number {
    return this.#sold;
  }

  /** Sells one ticket. False: not this time, and nothing was taken. */
  async sell(): Promise<boolean> {
    try {
      const lock = await this.#lock.acquire();
      await this.#takeOne(lock.token);
      this.#sold++;
      // The ticket is sold, whatever comes of this: a claim that stays behind dies by itself.
      await lock.release().catch(() => undefined);
      return true;
    } catch (error) {
      if (error instanceof RaftKvError || error instanceof StaleToken) return false;
      throw error;
    }
  }

  async #takeOne(token: number): Promise<void> {
    const { stock, fencing = "all" } = this.#options;
    // Whoever shows no token is let through, as by a stock that asks for none.
    const unfenced = Number.POSITIVE_INFINITY;
    const left = fencing === "all" ? stock.read(token) : stock.left;
    await this.#charge();
    stock.write(left - 1, fencing === "none" ? unfenced : token);
  }

  /** What takes its time between the read and the write. */
  async #charge(): Promise<void> {
    await this.#surroundings.clock.sleep(300);
  }
}
