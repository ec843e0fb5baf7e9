import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { BackupResponseSchema } from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refusal, ScriptedNode } from "../testing/scripted-node.ts";
import type { BackupInfo } from "./backup.ts";
import { RaftKvAdmin } from "./raft-kv-admin.ts";

type Part = MessageInitShape<typeof BackupResponseSchema>;

let first: ScriptedNode;
let second: ScriptedNode;
let admin: RaftKvAdmin;

beforeEach(async () => {
  first = await ScriptedNode.start();
  second = await ScriptedNode.start();
  admin = new RaftKvAdmin({ endpoints: [first.address, second.address], random: () => 0, timeoutMs: 10_000 });
});

afterEach(async () => {
  await admin.close();
  await first.stop();
  await second.stop();
});

const body = Buffer.from("the whole store, ".repeat(10));
const digest = createHash("sha256").update(body).digest();
const file = Buffer.concat([body, digest]);

function parts(nodeId: bigint, bytes: Uint8Array = file, sha256: Uint8Array = digest): Part[] {
  const begin = { bytes: BigInt(file.length), clusterId: "c", nodeId, index: 7n, revision: 5n };
  const chunks: Part[] = [];
  for (let at = 0; at < bytes.length; at += 50) {
    chunks.push({ part: { case: "chunk", value: new Uint8Array(bytes.subarray(at, at + 50)) } });
  }
  return [
    { part: { case: "preparing", value: { bytes: 3n } } },
    { part: { case: "begin", value: begin } },
    ...chunks,
    { part: { case: "end", value: { sha256: new Uint8Array(sha256) } } },
  ];
}

async function* each(all: readonly Part[]): AsyncGenerator<Part> {
  yield* all;
}

/** The connection breaks once the client has some of it. */
async function* breaking(node: ScriptedNode, sink: Sink): AsyncGenerator<Part> {
  const written = sink.nextWritten();
  yield* parts(1n).slice(0, 3);
  await written;
  node.breakConnections();
}

/** What a file would hold. */
class Sink {
  readonly begins: BackupInfo[] = [];
  readonly prepared: number[] = [];
  written = Buffer.alloc(0);
  #next = Promise.withResolvers<void>();

  /** Resolves with the next piece that is handed over. */
  nextWritten(): Promise<void> {
    this.#next = Promise.withResolvers();
    return this.#next.promise;
  }

  preparing(bytes: number): void {
    this.prepared.push(bytes);
  }
  begin(info: BackupInfo): void {
    this.begins.push(info);
    this.written = Buffer.alloc(0);
  }
  async write(chunk: Uint8Array): Promise<void> {
    this.written = Buffer.concat([this.written, chunk]);
    this.#next.resolve();
  }
}

describe("a backup", () => {
  it("is handed over whole, with what it is", async () => {
    const consistencies: boolean[] = [];
    first.cluster = {
      backup: ({ serializable }) => {
        consistencies.push(serializable);
        return each(parts(1n));
      },
    };
    const sink = new Sink();
    const info = { bytes: file.length, clusterId: "c", nodeId: 1, index: 7, revision: 5 };
    expect(await admin.backup(sink)).toEqual(info);
    expect([sink.begins, sink.prepared, sink.written.equals(file)]).toEqual([[info], [3], true]);
    await admin.backup(sink, { consistency: "serializable", endpoint: first.address });
    expect(consistencies).toEqual([false, true]);
  });

  it("is begun again with another member where it broke off", async () => {
    const sink = new Sink();
    first.cluster = { backup: () => breaking(first, sink) };
    second.cluster = { backup: () => each(parts(2n)) };
    expect(await admin.backup(sink)).toMatchObject({ nodeId: 2 });
    expect(sink.begins.map(({ nodeId }) => nodeId)).toEqual([1, 2]);
    expect(sink.written.equals(file)).toBe(true);
  });

  it("is asked of another member where one cannot give it now", async () => {
    first.cluster = {
      backup: () => {
        throw refusal({ code: ErrorCode.NOT_READY, message: "another backup" });
      },
    };
    second.cluster = { backup: () => each(parts(2n)) };
    expect(await admin.backup(new Sink())).toMatchObject({ nodeId: 2 });
  });

  it("is asked of the member that was named only", async () => {
    second.cluster = { backup: () => each(parts(2n)) };
    expect(await admin.backup(new Sink(), { endpoint: second.address })).toMatchObject({ nodeId: 2 });
    expect(first.asked).toEqual([]);
  });

  it.each([
    ["a byte that is wrong", parts(1n, Buffer.from(file).fill(0x21, 9, 10)), "its checksum does not hold"],
    ["another checksum", parts(1n, file, Buffer.alloc(32)), "its checksum does not hold"],
    ["a piece that is missing", parts(1n).toSpliced(3, 1), "bytes came, not all of it"],
    ["no end", parts(1n).slice(0, -1), "it ended before its end"],
    ["no beginning", parts(1n).toSpliced(1, 1), "a chunk came before its beginning"],
  ])("with %s is none", async (_, all, message) => {
    first.cluster = { backup: () => each(all) };
    await expect(admin.backup(new Sink(), { endpoint: first.address })).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining(message),
    });
  });

  it("ends with what its taker throws, with its signal, and with the client", async () => {
    first.cluster = { backup: () => each(parts(1n)) };
    const full = new Error("the disk is full");
    const broken = Object.assign(new Sink(), { write: () => Promise.reject(full) });
    await expect(admin.backup(broken, { endpoint: first.address })).rejects.toBe(full);
    const abort = new AbortController();
    const aborting = Object.assign(new Sink(), { begin: () => abort.abort() });
    await expect(admin.backup(aborting, { signal: abort.signal, endpoint: first.address })).rejects.toMatchObject({
      code: "ABORTED",
    });
    const closing = Object.assign(new Sink(), { begin: () => void admin.close() });
    await expect(admin.backup(closing, { endpoint: first.address })).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("is given up where nobody begins in time, and where it breaks off again and again", async () => {
    const late = new RaftKvAdmin({ endpoints: ["127.0.0.1:1"], timeoutMs: 50 });
    await expect(late.backup(new Sink())).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: expect.stringMatching(/^backup: no answer within 50 ms \(last failure: 127.0.0.1:1/),
    });
    const sink = new Sink();
    first.cluster = { backup: () => breaking(first, sink) };
    await expect(admin.backup(sink, { endpoint: first.address })).rejects.toMatchObject({
      message: expect.stringContaining("it broke off 4 times"),
    });
  });
});
