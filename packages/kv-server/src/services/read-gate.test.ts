import { expect, test } from "vitest";
import { ReadGate } from "./read-gate.ts";

function gate() {
  const ends: (() => void)[] = [];
  const asked: (AbortSignal | undefined)[] = [];
  const readIndex = async (signal?: AbortSignal) => {
    asked.push(signal);
    signal?.throwIfAborted();
    return 7;
  };
  return {
    asked,
    readGate: new ReadGate({ readIndex }, (callback) => void ends.push(callback)),
    endTurn: () => {
      for (const end of ends.splice(0)) end();
    },
  };
}

const never = new AbortController().signal;

test("reads of one turn share a read index, which is asked for when the turn is over", async () => {
  const { asked, readGate, endTurn } = gate();
  const reads = [readGate.pass(never), readGate.pass(never)];
  await Promise.resolve();
  expect(asked.length).toBe(0);
  endTurn();
  await Promise.all(reads);
  expect(asked.length).toBe(1);
});

test("a read that arrives after all others of its turn have given up has a read index of its own", async () => {
  const { readGate, endTurn } = gate();
  const gone = new AbortController();
  const given = readGate.pass(gone.signal);
  gone.abort(new Error("the client has gone"));
  await expect(given).rejects.toThrow("the client has gone");
  const reading = readGate.pass(never);
  endTurn();
  await reading;
});

test("a round that everybody has left is not asked for, and the next turn gathers anew", async () => {
  const { asked, readGate, endTurn } = gate();
  const gone = new AbortController();
  const given = readGate.pass(gone.signal);
  gone.abort(new Error("the client has gone"));
  await expect(given).rejects.toThrow("the client has gone");
  endTurn();
  await Promise.resolve();
  await Promise.resolve();
  expect(asked.filter((signal) => signal?.aborted !== true).length).toBe(0);
  const next = readGate.pass(never);
  endTurn();
  await next;
});

test("a read that arrives once the read index has been asked for does not join it: it has one of its own", async () => {
  const answers: ((index: number) => void)[] = [];
  const ends: (() => void)[] = [];
  const readIndex = () => new Promise<number>((resolve) => answers.push(resolve));
  const readGate = new ReadGate({ readIndex }, (callback) => void ends.push(callback));
  const endTurn = async () => {
    for (const end of ends.splice(0)) end();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const early = readGate.pass(never);
  await endTurn();
  let isThrough = false;
  const late = readGate.pass(never).then(() => {
    isThrough = true;
  });
  answers[0]?.(7);
  await early;
  await endTurn();
  expect([answers.length, isThrough]).toEqual([2, false]);
  answers[1]?.(8);
  await late;
});
