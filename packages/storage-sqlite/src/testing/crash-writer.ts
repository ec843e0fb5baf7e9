import { writeSync } from "node:fs";
import { open } from "../open.ts";
import { crashPlan } from "./crash-plan.ts";
import { bytes, twoMembers } from "./sample-entries.ts";

/**
 * A program that carries out a plan until it is killed, several changes at a time. It says `log N` once the first N
 * changes are acknowledged, and `state N` once the state's Nth write is.
 */
const [dataDir = "", seed = "0"] = process.argv.slice(2);
const inFlight = 8;
const { raft, state } = await open({
  dataDir,
  nodeId: 1,
  newMemberId: () => "member-1",
  onFailure: (error) => {
    throw error;
  },
});
await raft.form("cluster-a", twoMembers);

async function writeLog(): Promise<void> {
  const unanswered: Promise<void>[] = [];
  let count = 0;
  for (const { change } of crashPlan(Number(seed))) {
    const number = ++count;
    const done = change.kind === "write" ? raft.write(change.batch) : raft.compact(change.base);
    unanswered.push(done.then(() => say(`log ${number}`)));
    if (unanswered.length >= inFlight) await unanswered.shift();
  }
}

async function writeState(): Promise<void> {
  for (let count = 1; ; count++) {
    const value = bytes(`${count} `.repeat(100));
    const changes = Array.from({ length: 20 }, (_, row) => ({ key: bytes(`key-${10 + row}`), value }));
    await state.write({ appliedIndex: count, changes });
    say(`state ${count}`);
  }
}

/** Written at once: what is said was true before the kill. Whoever listens may be slow, and the pipe full. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

await Promise.all([writeLog(), writeState()]);
