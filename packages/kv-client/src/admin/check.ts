import type { CallOptions } from "../call.ts";
import { checkTimeout } from "../call.ts";
import { RaftKvError } from "../error.ts";
import type { Member } from "../node-status.ts";
import { pause } from "../pause.ts";
import { safeInteger } from "../safe-integer.ts";
import type { StatusSettings } from "../status.ts";
import { type CheckReport, report } from "./check-report.ts";
import { CheckedMember } from "./checked-member.ts";
import type { LeaderCalls, LeaderRequest } from "./leader-calls.ts";

export interface CheckOptions extends CallOptions {
  /** Until the check has begun; and for how long after that a member may stand still before it is given up. */
  readonly timeoutMs?: number;
  /** Called every now and then with how far the members have come together. */
  readonly onProgress?: (bytesRead: number, bytesTotal: number) => void;
}

const NAME = "check";
/** How often the members are asked how far they have come. */
const POLL_MS = 200;
/** So often a check is begun again that a member could not take part in. */
const MOST_ATTEMPTS = 3;
/** A timer that keeps the process alive, and never fires before a check is done. */
const LONGEST_MS = 2 ** 31 - 1;

/** Compares the whole states of all members as of one entry of the log. */
export class CheckCall {
  readonly #leader: LeaderCalls;
  readonly #settings: StatusSettings;
  readonly #options: CheckOptions;
  readonly #timeoutMs: number;

  constructor(leader: LeaderCalls, settings: StatusSettings, options: CheckOptions) {
    this.#leader = leader;
    this.#settings = settings;
    this.#options = options;
    this.#timeoutMs = checkTimeout(options.timeoutMs ?? settings.timeoutMs);
  }

  /** `closed` fires when the client is closed. */
  async run(closed: AbortSignal): Promise<CheckReport> {
    const { clock } = this.#settings;
    const { signal } = this.#options;
    const alive = clock.setTimer(LONGEST_MS, () => {});
    const ended = AbortSignal.any(signal === undefined ? [closed] : [closed, signal]);
    try {
      for (let attempt = 1; ; attempt++) {
        const { index, members } = await this.#begin();
        const checked = await this.#follow(index, members, ended);
        if (closed.aborted) throw new RaftKvError("CLOSED", `${NAME}: the client was closed`);
        if (signal?.aborted) {
          throw new RaftKvError("ABORTED", `${NAME}: given up by its AbortSignal`, { cause: signal.reason });
        }
        if (attempt === MOST_ATTEMPTS || !checked.some((member) => member.wasMissed)) return report(index, checked);
        await pause(clock, POLL_MS, ended);
      }
    } finally {
      alive.cancel();
    }
  }

  #begin(): Promise<{ readonly index: number; readonly members: readonly Member[] }> {
    const request: LeaderRequest<{ readonly index: number; readonly members: readonly Member[] }> = {
      name: NAME,
      send: async (client, signal, { members }) => {
        const { index } = await client.beginCheck({}, { signal });
        return { index: safeInteger(index, "index"), members };
      },
    };
    return this.#leader.call(request, this.#options);
  }

  /** Until each member has come to its end, or stands still. */
  async #follow(index: number, members: readonly Member[], ended: AbortSignal): Promise<readonly CheckedMember[]> {
    const { clock } = this.#settings;
    const checked = members.map((member) => new CheckedMember(member, index, this.#settings, this.#timeoutMs));
    while (!ended.aborted) {
      await Promise.all(checked.map((member) => member.look(ended)));
      this.#tell(checked);
      if (checked.every(({ isOver }) => isOver)) break;
      await pause(clock, POLL_MS, ended);
    }
    return checked;
  }

  #tell(checked: readonly CheckedMember[]): void {
    const sum = (of: (member: CheckedMember) => number) => checked.reduce((total, member) => total + of(member), 0);
    this.#options.onProgress?.(
      sum(({ bytesRead }) => bytesRead),
      sum(({ bytesTotal }) => bytesTotal),
    );
  }
}
