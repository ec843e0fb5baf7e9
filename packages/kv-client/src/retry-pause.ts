import { backoffMs } from "./backoff.ts";
import type { Timer } from "./clock.ts";
import type { ClientPorts } from "./ports.ts";

/** The pause after a node has asked to be left alone for a while: longer with each one in a row. */
export class RetryPause {
  readonly #ports: Pick<ClientPorts, "clock" | "random">;
  readonly #resume: () => void;
  #timer: Timer | undefined;
  #inARow = 0;

  constructor(ports: Pick<ClientPorts, "clock" | "random">, resume: () => void) {
    this.#ports = ports;
    this.#resume = resume;
  }

  get active(): boolean {
    return this.#timer !== undefined;
  }

  begin(): void {
    if (this.active) return;
    this.#inARow++;
    const { clock, random } = this.#ports;
    this.#timer = clock.setTimer(backoffMs(this.#inARow + 1, random), () => this.#end(), { background: true });
  }

  /** Something was served: the next pause is a short one again. */
  reset(): void {
    this.#inARow = 0;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #end(): void {
    this.#timer = undefined;
    this.#resume();
  }
}
