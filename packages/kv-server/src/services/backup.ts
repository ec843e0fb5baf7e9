import type { HandlerContext } from "@connectrpc/connect";
import type { BackupRequest, BackupResponse } from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import { systemClock, type Timer } from "@raftkv/raft-core";
import { type BackupHeader, encodeBackup } from "../backup/backup-format.ts";
import type { Spool, Spooled } from "../ports/spool.ts";
import { KvFailure } from "./kv-failure.ts";
import type { ServiceContext } from "./service-context.ts";

type Call = Pick<HandlerContext, "signal">;
type Part = Exclude<BackupResponse["part"], { case: undefined }>;

interface Turn {
  readonly spool: Spool;
  readonly signal: AbortSignal;
}

const DIGEST_LENGTH = 32;
/** How often a client hears how far the backup is put aside. */
const REPORT_INTERVAL_MS = 500;
/** A client that takes nothing for so long is given up. */
const STALL_MS = 60_000;

/** Gives out backups of this node's state, one at a time: each takes up as much of the disk as the state, while it lasts. */
export class Backups {
  readonly #context: ServiceContext;
  /** Whose turn it is. */
  #current: Turn | undefined;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /** Rejects with a `KvFailure`, as a read index does, or with the signal's reason. */
  async *stream({ serializable }: BackupRequest, { signal }: Call): AsyncGenerator<BackupResponse, void, undefined> {
    const { spool } = this.#context.options;
    if (spool === undefined) throw new KvFailure(NO_SPOOL);
    if (this.#current !== undefined) throw new KvFailure(BUSY);
    const turn: Turn = { spool, signal };
    this.#current = turn;
    signal.addEventListener("abort", () => this.#end(turn), { once: true });
    try {
      if (!serializable) await this.#context.readGate.pass(signal);
      yield* this.#parts(turn);
    } finally {
      this.#end(turn);
    }
  }

  async *#parts(turn: Turn): AsyncGenerator<BackupResponse, void, undefined> {
    const { spool, signal } = turn;
    const { state, consensus, version } = this.#context.options;
    const ended = new AbortController();
    const snapshot = await state.revisionedSnapshot();
    const { clusterId, nodeId } = consensus.status().identity;
    const header = { clusterId: clusterId ?? "", nodeId, version, index: snapshot.index, revision: snapshot.revision };
    let written = 0;
    const bytes = encodeBackup(header, snapshot.read());
    const progress = (count: number) => {
      written = count;
    };
    const spooling = spool
      .take(bytes, state.usedBytes(), progress, AbortSignal.any([signal, ended.signal]))
      .finally(() => snapshot.close());
    let spooled: Spooled | undefined;
    try {
      for (;;) {
        spooled = await this.#within(REPORT_INTERVAL_MS, spooling);
        if (spooled !== undefined) break;
        yield part({ case: "preparing", value: preparing(written) });
      }
      yield* this.#send(turn, header, spooled);
    } finally {
      ended.abort();
      const left = spooled ?? (await spooling.catch(() => undefined));
      await left?.close();
    }
  }

  async *#send(turn: Turn, header: BackupHeader, spooled: Spooled): AsyncGenerator<BackupResponse, void, undefined> {
    const giveUp = () => {
      this.#end(turn);
      void spooled.close();
    };
    yield part({ case: "begin", value: begin(header, spooled.bytes) });
    turn.signal.addEventListener("abort", giveUp, { once: true });
    let tail: Uint8Array = new Uint8Array(0);
    for await (const chunk of spooled.read()) {
      tail = Buffer.concat([tail, chunk.subarray(-DIGEST_LENGTH)]).subarray(-DIGEST_LENGTH);
      const timer = this.#clock.setTimer(STALL_MS, giveUp);
      yield part({ case: "chunk", value: chunk });
      timer.cancel();
    }
    yield part({ case: "end", value: { $typeName: "raftkv.cluster.v1.BackupEnd", sha256: tail } });
  }

  #end(turn: Turn): void {
    if (this.#current === turn) this.#current = undefined;
  }

  /** Undefined: it is not there yet. */
  async #within<T>(delayMs: number, promise: Promise<T>): Promise<T | undefined> {
    let timer: Timer | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = this.#clock.setTimer(delayMs, () => resolve(undefined));
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      timer?.cancel();
    }
  }

  get #clock() {
    return this.#context.options.clock ?? systemClock;
  }
}

function part(value: Part): BackupResponse {
  return { $typeName: "raftkv.cluster.v1.BackupResponse", part: value };
}

function preparing(bytes: number) {
  return { $typeName: "raftkv.cluster.v1.BackupPreparing", bytes: BigInt(bytes) } as const;
}

function begin({ clusterId, nodeId, index, revision }: BackupHeader, bytes: number) {
  return {
    $typeName: "raftkv.cluster.v1.BackupBegin",
    bytes: BigInt(bytes),
    clusterId,
    nodeId: BigInt(nodeId),
    index: BigInt(index),
    revision: BigInt(revision),
  } as const;
}

const NO_SPOOL = {
  code: ErrorCode.INVALID_REQUEST,
  message: "this node has no place to put a backup aside: ask another member",
};

const BUSY = {
  code: ErrorCode.NOT_READY,
  message: "this node is giving out another backup: wait for that, or ask another member",
};
