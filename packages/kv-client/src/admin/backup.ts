import { createHash } from "node:crypto";
import type { BackupBegin, BackupResponse } from "@raftkv/proto/cluster";
import { backoffMs } from "../backoff.ts";
import { checkTimeout } from "../call.ts";
import { type Address, parseEndpoint } from "../endpoint.ts";
import type { Endpoints } from "../endpoints.ts";
import { RaftKvError } from "../error.ts";
import { askNode, type NodeAnswer, reasonOf } from "../node-call.ts";
import { pause } from "../pause.ts";
import { classify, finalError } from "../refusal.ts";
import { safeInteger } from "../safe-integer.ts";
import type { StatusSettings } from "../status.ts";

export interface BackupOptions {
  /** The member that gives it; the first one that answers unless told. */
  readonly endpoint?: string;
  /**
   * `linearizable`: everything that was acknowledged before the call is in it. `serializable`: what that member has applied,
   * which it tells also in a cluster that has lost its majority. The former unless told.
   */
  readonly consistency?: "linearizable" | "serializable";
  /** Until a member has begun, with all tries. Once it has, it may take as long as it takes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface BackupInfo {
  /** Of the whole file. */
  readonly bytes: number;
  readonly clusterId: string;
  readonly nodeId: number;
  /** The state as of this entry of the log, … */
  readonly index: number;
  /** … and so of this revision of the store. */
  readonly revision: number;
}

/** Takes in a backup. What a method throws ends the call, and is what it rejects with. */
export interface BackupSink {
  /** The member is putting the backup aside, and has come so far. */
  preparing?(bytes: number): void;
  /** The file begins here. Called again where it broke off: it begins anew then, and may be another one. */
  begin(info: BackupInfo): Promise<void> | void;
  write(chunk: Uint8Array): Promise<void> | void;
}

const NAME = "backup";
const DIGEST_LENGTH = 32;
/** So often a backup is begun again that broke off. */
const MAX_RESTARTS = 3;
/** A timer that keeps the process alive, and never fires before a backup is done. */
const LONGEST_MS = 2 ** 31 - 1;

/** Fetches backups from members, one after the other until one has given all of it. */
export class BackupCall {
  readonly #endpoints: Endpoints;
  readonly #settings: StatusSettings;
  readonly #sink: BackupSink;
  readonly #options: BackupOptions;
  readonly #only: Address | undefined;
  readonly #late = new AbortController();
  #begun: BackupInfo | undefined;
  #restarts = 0;

  /** Throws INVALID_ARGUMENT where an option makes no sense. */
  constructor(endpoints: Endpoints, settings: StatusSettings, sink: BackupSink, options: BackupOptions) {
    this.#endpoints = endpoints;
    this.#settings = settings;
    this.#sink = sink;
    this.#options = options;
    this.#only = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
  }

  /** `closed` fires when the client is closed. */
  async run(closed: AbortSignal): Promise<BackupInfo> {
    const { clock, random } = this.#settings;
    const { signal } = this.#options;
    const timeoutMs = checkTimeout(this.#options.timeoutMs ?? this.#settings.timeoutMs);
    const deadline = clock.setTimer(timeoutMs, () => {
      if (this.#begun === undefined) this.#late.abort();
    });
    const alive = clock.setTimer(LONGEST_MS, () => {});
    const ended = AbortSignal.any([closed, this.#late.signal, ...(signal === undefined ? [] : [signal])]);
    let lastFailure = "";
    try {
      for (let failures = 1; !ended.aborted; failures++) {
        const address = this.#only ?? this.#endpoints.next();
        const answer = await this.#ask(address, ended);
        if (answer.kind === "answered") return answer.value;
        if (ended.aborted) break;
        throwIfFinal(address, answer);
        lastFailure = ` (last failure: ${address}: ${reasonOf(answer)})`;
        this.#endpoints.failed(address);
        if (this.#begun !== undefined && ++this.#restarts > MAX_RESTARTS) {
          throw new RaftKvError("DEADLINE_EXCEEDED", `${NAME}: it broke off ${this.#restarts} times${lastFailure}`);
        }
        await pause(clock, backoffMs(failures, random), ended);
      }
    } finally {
      deadline.cancel();
      alive.cancel();
    }
    if (closed.aborted) throw new RaftKvError("CLOSED", `${NAME}: the client was closed`);
    if (signal?.aborted) {
      throw new RaftKvError("ABORTED", `${NAME}: given up by its AbortSignal`, { cause: signal.reason });
    }
    throw new RaftKvError("DEADLINE_EXCEEDED", `${NAME}: no answer within ${timeoutMs} ms${lastFailure}`);
  }

  #ask(address: Address, ended: AbortSignal): Promise<NodeAnswer<BackupInfo>> {
    const serializable = this.#options.consistency === "serializable";
    return askNode(address, { ports: this.#settings, signal: ended }, (client, signal) =>
      this.#receive(client.backup({ serializable }, { signal })),
    );
  }

  async #receive(parts: AsyncIterable<BackupResponse>): Promise<BackupInfo> {
    let info: BackupInfo | undefined;
    let bytes = 0;
    const check = new TrailingDigest();
    for await (const { part } of parts) {
      switch (part.case) {
        case "preparing":
          this.#sink.preparing?.(safeInteger(part.value.bytes, "number of bytes"));
          break;
        case "begin":
          info = toInfo(part.value);
          this.#begun = info;
          await this.#sink.begin(info);
          break;
        case "chunk":
          if (info === undefined) throw brokenProtocol("a chunk came before its beginning");
          bytes += part.value.length;
          check.update(part.value);
          await this.#sink.write(part.value);
          break;
        case "end":
          if (info === undefined || bytes !== info.bytes) throw brokenProtocol(`${bytes} bytes came, not all of it`);
          if (!check.holds(part.value.sha256)) throw brokenProtocol("its checksum does not hold");
          return info;
        case undefined:
          break; // From a later version.
      }
    }
    throw brokenProtocol("it ended before its end");
  }
}

/** SHA-256 of all bytes but the last 32, which must be that. */
class TrailingDigest {
  readonly #hash = createHash("sha256");
  #held = Buffer.alloc(0);

  update(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.#held, chunk]);
    const free = Math.max(0, bytes.length - DIGEST_LENGTH);
    this.#hash.update(bytes.subarray(0, free));
    this.#held = Buffer.from(bytes.subarray(free));
  }

  holds(sha256: Uint8Array): boolean {
    const digest = this.#hash.digest();
    return digest.equals(this.#held) && digest.equals(sha256);
  }
}

function toInfo(begin: BackupBegin): BackupInfo {
  return {
    bytes: safeInteger(begin.bytes, "number of bytes"),
    clusterId: begin.clusterId,
    nodeId: safeInteger(begin.nodeId, "node id"),
    index: safeInteger(begin.index, "index"),
    revision: safeInteger(begin.revision, "revision"),
  };
}

function throwIfFinal(address: Address, answer: Exclude<NodeAnswer<unknown>, { readonly kind: "answered" }>): void {
  if (answer.kind === "unsupported") throw new RaftKvError("INTERNAL", `${NAME}: ${address} ${answer.reason}`);
  if (answer.kind !== "refused") return;
  const refusal = classify(answer.detail);
  if (refusal.kind === "final") throw finalError(NAME, refusal, false);
}

function brokenProtocol(what: string): RaftKvError {
  return new RaftKvError("INTERNAL", `${NAME}: the backup is not whole: ${what}`);
}
