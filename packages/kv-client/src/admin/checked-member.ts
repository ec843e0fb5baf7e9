import { type CheckedState, type CheckResultResponse, CheckStage } from "@raftkv/proto/cluster";
import { parseEndpoint } from "../endpoint.ts";
import { askNode, type NodeAnswer, reasonOf } from "../node-call.ts";
import type { Member } from "../node-status.ts";
import { safeInteger } from "../safe-integer.ts";
import type { StatusSettings } from "../status.ts";

/** What became of one member's part in a check, so far. */
export class CheckedMember {
  readonly member: Member;
  readonly #index: number;
  readonly #settings: StatusSettings;
  readonly #patienceMs: number;
  #last: CheckResultResponse | undefined;
  #failure: string | undefined;
  #movedAtMs: number;
  #gaveUp = false;

  constructor(member: Member, index: number, settings: StatusSettings, patienceMs: number) {
    this.member = member;
    this.#index = index;
    this.#settings = settings;
    this.#patienceMs = patienceMs;
    this.#movedAtMs = settings.clock.now();
  }

  get stage(): CheckStage | undefined {
    return this.#last?.stage;
  }

  get checked(): CheckedState | undefined {
    return this.#last?.checked;
  }

  /** Undefined where it has never answered. */
  get appliedIndex(): number | undefined {
    return this.#last === undefined ? undefined : safeInteger(this.#last.appliedIndex, "applied index");
  }

  /** Why it did not answer when it was asked last. */
  get failure(): string | undefined {
    return this.#failure;
  }

  get isOver(): boolean {
    return this.#gaveUp || (this.#failure === undefined && isLast(this.stage));
  }

  /** It is up, and could not take part in this check: in another one it can. */
  get wasMissed(): boolean {
    return this.#failure === undefined && (this.stage === CheckStage.MISSED || this.stage === CheckStage.COMPACTING);
  }

  get bytesRead(): number {
    if (this.stage === CheckStage.DONE) return this.bytesTotal;
    return this.#last === undefined ? 0 : Math.min(Number(this.#last.bytesRead), this.bytesTotal);
  }

  get bytesTotal(): number {
    return this.#last === undefined ? 0 : Number(this.#last.bytesTotal);
  }

  /** Asks once how far it has come. */
  async look(ended: AbortSignal): Promise<void> {
    if (this.isOver) return;
    const { clock } = this.#settings;
    const index = BigInt(this.#index);
    const answer = await askNode(
      parseEndpoint(this.member.address),
      { ports: this.#settings, signal: ended },
      (client, signal) => client.checkResult({ index }, { signal }),
    );
    if (ended.aborted) return;
    if (this.#take(answer)) this.#movedAtMs = clock.now();
    else if (clock.now() - this.#movedAtMs >= this.#patienceMs) this.#gaveUp = true;
  }

  /** Whether it has come further. */
  #take(answer: NodeAnswer<CheckResultResponse>): boolean {
    if (answer.kind !== "answered") {
      this.#failure = reasonOf(answer);
      return false;
    }
    const { value } = answer;
    if (value.memberId !== this.member.memberId) {
      this.#failure = "another node listens there";
      return false;
    }
    const before = this.#last;
    const hadFailed = this.#failure !== undefined;
    this.#failure = undefined;
    this.#last = value;
    return (
      hadFailed ||
      before?.stage !== value.stage ||
      before.bytesRead !== value.bytesRead ||
      before.appliedIndex !== value.appliedIndex
    );
  }
}

function isLast(stage: CheckStage | undefined): boolean {
  return stage === CheckStage.DONE || stage === CheckStage.MISSED || stage === CheckStage.COMPACTING;
}
