import { create } from "@bufbuild/protobuf";
import { BackupRequestSchema } from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { verifyBackup } from "../backup/restore-backup.ts";
import type { Spool } from "../ports/spool.ts";
import { type ManualClock, promisesSettle } from "../test-rig/manual-clock.ts";
import { failureOfCall, serviceRig } from "../test-rig/service-rig.ts";
import { Backups } from "./backup.ts";
import { serviceContext } from "./service-context.ts";

/** Keeps what it takes in memory; while `hold` is set, it is not done. */
class MemorySpool implements Spool {
  hold: Promise<unknown> = Promise.resolve();
  closed = 0;

  async take(chunks: AsyncIterable<Uint8Array>, _expected: number, written: (bytes: number) => void) {
    const all: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of chunks) {
      all.push(chunk);
      bytes += chunk.length;
      written(bytes);
    }
    await this.hold;
    return {
      bytes,
      read: async function* () {
        yield* all;
      },
      close: async () => {
        this.closed++;
      },
    };
  }
}

async function rig() {
  const spool = new MemorySpool();
  const rig = await serviceRig({ spool });
  await rig.kv.put({
    keyForm: { case: "key", value: Buffer.from("a") },
    valueForm: { case: "value", value: Buffer.from("1") },
  });
  return { ...rig, spool };
}

async function parts(
  backup: AsyncIterable<{ readonly part: { readonly case: string | undefined; readonly value?: unknown } }>,
) {
  const all: { readonly case: string | undefined; readonly value?: unknown }[] = [];
  for await (const { part } of backup) all.push(part);
  return all;
}

describe("a backup", () => {
  test("comes whole, with its beginning, its end, and all that was acknowledged before", async () => {
    const { cluster, consensus, spool } = await rig();
    const before = consensus.readIndexes;
    const all = await parts(cluster.backup({}));
    expect(consensus.readIndexes).toBe(before + 1);
    expect(all.map((part) => part.case)).toEqual(["begin", ...all.slice(1, -1).map(() => "chunk"), "end"]);
    const chunks = all.flatMap((part) => (part.value instanceof Uint8Array ? [part.value] : []));
    const bytes = Buffer.concat(chunks);
    expect(all[0]?.value).toMatchObject({ bytes: BigInt(bytes.length), nodeId: 1n, revision: 2n });
    expect(all.at(-1)?.value).toMatchObject({ sha256: new Uint8Array(bytes.subarray(-32)) });
    const summary = await verifyBackup(
      (async function* () {
        yield bytes;
      })(),
    );
    expect(summary).toMatchObject({ keys: 1, revision: 2 });
    expect(spool.closed).toBeGreaterThan(0);
  });

  test("of what is applied here asks nobody", async () => {
    const { cluster, consensus } = await rig();
    const before = consensus.readIndexes;
    expect((await parts(cluster.backup({ serializable: true }))).at(-1)?.case).toBe("end");
    expect(consensus.readIndexes).toBe(before);
  });

  test("says how far it is while it is put aside, and is the only one meanwhile", async () => {
    const { cluster, clock, spool } = await rig();
    const done = Promise.withResolvers<void>();
    spool.hold = done.promise;
    const backup = cluster.backup({})[Symbol.asyncIterator]();
    const first = backup.next();
    while (clock.pendingTimers === 0) await promisesSettle();
    const { detail } = await failureOfCall(parts(cluster.backup({})));
    expect([ErrorCode[detail.code], detail.message]).toEqual(["NOT_READY", expect.stringContaining("another backup")]);
    await untilCalled(clock, first);
    expect((await first).value.part).toMatchObject({ case: "preparing", value: { bytes: expect.any(BigInt) } });
    done.resolve();
    for (let next = await backup.next(); !next.done; ) next = await backup.next();
    expect((await parts(cluster.backup({}))).at(-1)?.case).toBe("end");
  });

  test.each([
    ["that takes nothing for a minute", (clock: ManualClock) => clock.advance(60_000)],
    ["that is gone", (_: ManualClock, gone: AbortController) => gone.abort()],
  ])("makes room for the next where it is for a client %s", async (_name, happens) => {
    const { consensus, machine, clock, spool } = await rig();
    const options = { consensus, state: machine, clock, spool, version: "", address: "" };
    const inspect = () => Promise.reject(new Error("nobody"));
    const usage = () => ({ logBytes: 0, snapshotBytes: 0, firstIndex: 1, lastIndex: 1 });
    const backups = new Backups(serviceContext({ ...options, inspect, usage }));
    const gone = new AbortController();
    const first = backups.stream(create(BackupRequestSchema), { signal: gone.signal });
    expect((await first.next()).value?.part.case).toBe("begin");
    expect((await first.next()).value?.part.case).toBe("chunk");
    const other = () => backups.stream(create(BackupRequestSchema), { signal: new AbortController().signal }).next();
    await expect(other()).rejects.toThrow("another backup");
    happens(clock, gone);
    expect(spool.closed).toBe(1);
    expect((await other()).value?.part.case).toBe("begin");
  });

  test("is refused by a node that has no place to put it aside", async () => {
    const { cluster } = await serviceRig();
    const { detail } = await failureOfCall(parts(cluster.backup({})));
    expect(detail.message).toContain("no place to put a backup aside");
  });
});

/** Lets time pass until the promise has settled. */
async function untilCalled(clock: { advance(ms: number): void }, promise: Promise<unknown>): Promise<void> {
  let settled = false;
  void promise.finally(() => {
    settled = true;
  });
  for (let i = 0; !settled && i < 1_000; i++) {
    clock.advance(500);
    await promisesSettle();
  }
}
