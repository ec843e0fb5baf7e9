import type { ClientPorts } from "./ports.ts";

/** Runs something when the present turn of the event loop is over: once a turn, however often it is asked for. */
export class EndOfTurn {
  readonly #endOfTurn: ClientPorts["endOfTurn"];
  readonly #run: () => void;
  #scheduled = false;

  constructor({ endOfTurn }: Pick<ClientPorts, "endOfTurn">, run: () => void) {
    this.#endOfTurn = endOfTurn;
    this.#run = run;
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#endOfTurn(() => {
      this.#scheduled = false;
      this.#run();
    });
  }
}
