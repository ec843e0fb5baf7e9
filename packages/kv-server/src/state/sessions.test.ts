import { describe, expect, test } from "vitest";
import { applyOne, CommandLog, closeSession, del, openSession, put, skip } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import type { ApplyResult } from "./answer.ts";
import { KvStateMachine } from "./kv-state-machine.ts";
import { SESSION_BOUNDS } from "./session-bounds.ts";

const ttlMs = 10_000;

async function machineWithSession() {
  const store = new GatedStore();
  const machine = await KvStateMachine.open({ store, clock: new ManualClock() });
  const log = new CommandLog();
  const opened = await applyOne(machine, log, { operations: [openSession(ttlMs)] });
  return { store, machine, log, session: sessionOf(opened) };
}

function sessionOf(result: ApplyResult): number {
  const answer = result.kind === "answers" ? result.answers[0] : undefined;
  if (answer?.kind !== "openSession") throw new Error(`no session was opened: ${JSON.stringify(result)}`);
  return answer.sessionId;
}

const answers = (...list: readonly unknown[]) => ({ kind: "answers", answers: list });
const refused = (code: string, more: object = {}) => ({ kind: "refused", code, ...more });

describe("sessions", () => {
  test("a session's id is the index of the entry that opened it", async () => {
    const { session } = await machineWithSession();
    expect(session).toBe(1);
  });

  test("a repeated batch is answered from the table, and applies nothing", async () => {
    const { machine, log, session } = await machineWithSession();
    const batch = { session, first: 1, operations: [put("a", "1"), del("nothing"), del("a"), skip] };
    const first = await applyOne(machine, log, batch);
    expect(first).toEqual(
      answers(
        { kind: "put", revision: 2 },
        { kind: "delete", revision: 2, deleted: false },
        { kind: "delete", revision: 3, deleted: true },
        { kind: "skip" },
      ),
    );
    expect(await applyOne(machine, log, batch)).toEqual(first);
    expect(machine.revision()).toBe(3);
  });

  test("of a batch that is repeated in part only the new tail is applied", async () => {
    const { machine, log, session } = await machineWithSession();
    await applyOne(machine, log, { session, first: 1, operations: [put("a", "1"), put("b", "1")] });
    const result = await applyOne(machine, log, { session, first: 2, operations: [put("b", "1"), put("c", "1")] });
    expect(result).toEqual(answers({ kind: "put", revision: 3 }, { kind: "put", revision: 4 }));
  });

  test("a gap is refused as a whole, and says where to go on", async () => {
    const { machine, log, session } = await machineWithSession();
    await applyOne(machine, log, { session, first: 1, operations: [put("a", "1")] });
    const result = await applyOne(machine, log, { session, first: 3, operations: [put("b", "1")] });
    expect(result).toEqual(refused("sequenceGap", { expectedSequence: 2 }));
    expect(machine.revision()).toBe(2);
  });

  test("an answer that was given up is not made up again", async () => {
    const { machine, log, session } = await machineWithSession();
    await applyOne(machine, log, { session, first: 1, operations: [put("a", "1"), put("b", "1")] });
    const result = await applyOne(machine, log, {
      session,
      first: 1,
      acknowledged: 1,
      operations: [put("a", "1"), skip],
    });
    expect(result).toEqual(answers(refused("answerDiscarded"), { kind: "put", revision: 3 }));
    expect(machine.revision()).toBe(3);
  });

  test("acknowledging what was never applied gives up nothing beyond the last answer", async () => {
    const { machine, log, session } = await machineWithSession();
    const result = await applyOne(machine, log, { session, first: 1, acknowledged: 99, operations: [put("a", "1")] });
    expect(result).toEqual(answers({ kind: "put", revision: 2 }));
  });

  test("an operation that makes no sense uses up its sequence", async () => {
    const { machine, log, session } = await machineWithSession();
    const operations = [put("", "1"), openSession(ttlMs), {}, put("a", "1")];
    const expected = answers(refused("keyEmpty"), refused("invalidOperation"), refused("invalidOperation"), {
      kind: "put",
      revision: 2,
    });
    expect(await applyOne(machine, log, { session, first: 1, operations })).toEqual(expected);
    expect(await applyOne(machine, log, { session, first: 1, operations })).toEqual(expected);
  });

  test("a session that nobody heard from for its time is gone, to the millisecond of cluster time", async () => {
    const { machine, log, session } = await machineWithSession();
    log.timeMs = ttlMs - 1;
    expect(await applyOne(machine, log, { session, operations: [] })).toEqual(answers());
    log.timeMs = 2 * ttlMs - 2;
    expect(await applyOne(machine, log, { session, first: 1, operations: [put("a", "1")] })).toEqual(
      answers({ kind: "put", revision: 2 }),
    );
    log.timeMs = 3 * ttlMs - 2;
    expect(await applyOne(machine, log, { session, first: 1, operations: [put("a", "1")] })).toEqual(
      refused("sessionUnknown"),
    );
    expect(machine.sessionCount()).toBe(0);
  });

  test("cluster time never goes back", async () => {
    const { machine, log, session } = await machineWithSession();
    log.timeMs = 5_000;
    await applyOne(machine, log, { session, operations: [] });
    log.timeMs = 1_000;
    await applyOne(machine, log, { session, operations: [] });
    expect(machine.clusterTimeMs()).toBe(5_000);
    log.timeMs = 5_000 + ttlMs - 1;
    expect(await applyOne(machine, log, { session, operations: [] })).toEqual(answers());
  });

  test("a closed session takes no more, neither in the batch that closes it nor later", async () => {
    const { machine, log, session } = await machineWithSession();
    const operations = [put("a", "1"), closeSession, put("b", "1")];
    expect(await applyOne(machine, log, { session, first: 1, operations })).toEqual(
      answers({ kind: "put", revision: 2 }, { kind: "closeSession" }, refused("sessionUnknown")),
    );
    expect(await applyOne(machine, log, { session, first: 1, operations })).toEqual(refused("sessionUnknown"));
  });

  test("sessions are opened alone, without a session, and with a sensible time to live", async () => {
    const { machine, log } = await machineWithSession();
    const open = (...operations: Parameters<typeof applyOne>[2]["operations"]) =>
      applyOne(machine, log, { operations });
    expect(await open(openSession(999))).toEqual(answers(refused("invalidTtl")));
    expect(await open(openSession(24 * 3_600_000 + 1))).toEqual(answers(refused("invalidTtl")));
    expect(await open(put("a", "1"), openSession(ttlMs))).toEqual(
      answers({ kind: "put", revision: 2 }, refused("invalidOperation")),
    );
    expect(await open(skip, closeSession)).toEqual(answers(refused("invalidOperation"), refused("invalidOperation")));
    expect(machine.sessionCount()).toBe(1);
  });

  test("what cannot be decoded is refused, and a sequence of 0 too", async () => {
    const { machine, log, session } = await machineWithSession();
    log.appendPayload(Uint8Array.of(0xff, 0xff, 0xff));
    log.appendPayload(Uint8Array.of());
    expect(await machine.apply(log.after(machine))).toEqual([refused("malformedEntry"), answers()]);
    expect(await applyOne(machine, log, { session, operations: [put("a", "1")] })).toEqual(refused("invalidBatch"));
    expect(await applyOne(machine, log, { session: Number.MAX_SAFE_INTEGER, first: 1, operations: [] })).toEqual(
      refused("sessionUnknown"),
    );
    const first = Number.MAX_SAFE_INTEGER;
    expect(await applyOne(machine, log, { session, first, operations: [skip, skip] })).toEqual(
      refused("malformedEntry"),
    );
  });

  test("a session keeps a bounded number of answers, and goes on once some are given up", async () => {
    const { machine, log, session } = await machineWithSession();
    const max = SESSION_BOUNDS.maxAnswersPerSession;
    await applyOne(machine, log, { session, first: 1, operations: Array.from({ length: max - 1 }, () => skip) });
    const operations = [put("a", "1"), skip, skip];
    const batch = { session, first: max, operations };
    expect(await applyOne(machine, log, batch)).toEqual(refused("tooManyAnswers"));
    expect(await applyOne(machine, log, { ...batch, acknowledged: 1 })).toEqual(refused("tooManyAnswers"));
    expect(machine.revision()).toBe(1);
    expect(await applyOne(machine, log, { ...batch, acknowledged: 2 })).toEqual(
      answers({ kind: "put", revision: 2 }, { kind: "skip" }, { kind: "skip" }),
    );
  });

  test("the table survives a restart, with what was replayed from the log on top", async () => {
    const { store, machine, log, session } = await machineWithSession();
    await applyOne(machine, log, { session, first: 1, operations: [put("a", "1")] });
    await machine.flush();
    await applyOne(machine, log, { session, first: 2, operations: [put("b", "1")] });
    const restarted = await KvStateMachine.open({ store: store.copy(), clock: new ManualClock() });
    expect(restarted.appliedIndex()).toBe(2);
    await restarted.apply(log.after(restarted));
    expect(await applyOne(restarted, log, { session, first: 1, operations: [put("a", "1"), put("b", "1")] })).toEqual(
      answers({ kind: "put", revision: 2 }, { kind: "put", revision: 3 }),
    );
  });
});
