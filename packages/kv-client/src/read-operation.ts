import type {
  GetResult,
  HistoryResult,
  RangeOrder,
  RangeResult,
  ReadResult,
  RevisionFilter,
  ReadOperation as WireReadOperation,
} from "@raftkv/proto/kv";
import type { Call } from "./call.ts";
import { KeyValue } from "./key-value.ts";
import { type Answering, answering, Operation, type OperationRequest } from "./operation.ts";
import type { ReadNeeds } from "./read-needs.ts";
import { safeInteger } from "./safe-integer.ts";

/** What a read wants, and how its answer is told. */
export interface ReadRequest<T> extends OperationRequest<T, ReadResult["result"]> {
  readonly needs: ReadNeeds;
  readonly operation: WireReadOperation["operation"];
  /** How much of a batch it takes up, as its answer may be large. */
  readonly weight: number;
}

/** The answer to one page of a range. */
export interface Page {
  readonly entries: readonly KeyValue[];
  /** Where the next page begins; empty: this was the last. */
  readonly next: Uint8Array;
  /** At which the next page shows the same picture; 0: the cluster keeps no history. */
  readonly revision: number;
  /** With `countOnly`: the keys of the page. */
  readonly count: number;
  /** Order and filter were heeded. */
  readonly asAsked: boolean;
}

/** One write of a key's history. */
export interface KeyWrite {
  readonly revision: number;
  /** What the key was from then on. Undefined: it was deleted. */
  readonly entry: KeyValue | undefined;
}

/** The answer to one page of a history. */
export interface HistoryPage {
  readonly writes: readonly KeyWrite[];
  /** The revision of the next page's first write; 0: this was the last. */
  readonly next: number;
}

/** `atRevision` 0: as the key is. */
export function getRequest(
  key: Uint8Array,
  atRevision: number,
  needs: ReadNeeds,
): ReadRequest<{ entry: KeyValue | undefined }> {
  const at = BigInt(atRevision);
  return {
    name: "get",
    needs,
    operation: { case: "get", value: { $typeName: "raftkv.kv.v1.GetOperation", key, atRevision: at } },
    weight: 1,
    toResult: (result) => (result.case === "get" ? { entry: toEntry(result.value) } : undefined),
  };
}

export interface PageBounds {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly keysOnly: boolean;
  /** 0: the present one. */
  readonly atRevision: number;
  readonly countOnly?: boolean;
  readonly order?: RangeOrder;
  readonly filter?: RevisionFilter;
}

/** A page may be large: only a few share a batch. */
const pageWeight = 64;

export function pageRequest(bounds: PageBounds, needs: ReadNeeds): ReadRequest<Page> {
  return {
    name: "range",
    needs,
    operation: {
      case: "range",
      value: {
        $typeName: "raftkv.kv.v1.RangeOperation",
        ...bounds,
        atRevision: BigInt(bounds.atRevision),
        countOnly: bounds.countOnly ?? false,
      },
    },
    weight: pageWeight,
    toResult: (result) => (result.case === "range" ? toPage(result.value) : undefined),
  };
}

export interface HistoryBounds {
  /** 0: from the newest. */
  readonly atRevision: number;
  readonly limit: number;
}

export function historyRequest(
  key: Uint8Array,
  { atRevision, limit }: HistoryBounds,
  needs: ReadNeeds,
): ReadRequest<HistoryPage> {
  const at = BigInt(atRevision);
  return {
    name: "history",
    needs,
    operation: { case: "history", value: { $typeName: "raftkv.kv.v1.HistoryOperation", key, atRevision: at, limit } },
    weight: pageWeight,
    toResult: (result) => (result.case === "history" ? toHistoryPage(result.value) : undefined),
  };
}

/** One read on its way. It can be sent as often as it takes. */
export class ReadOperation extends Operation<ReadResult["result"]> {
  readonly needs: ReadNeeds;
  readonly weight: number;
  readonly wire: WireReadOperation["operation"];
  /** A batch with it was refused as a whole: it goes alone, to find out whose fault that was. */
  alone = false;
  /** Why it is asked for again: the cluster had not come to the revision that it needs. */
  futureRevision: string | undefined;

  private constructor(request: ReadRequest<unknown>, answer: Answering<ReadResult["result"]>) {
    super(request, answer, false);
    this.needs = request.needs;
    this.weight = request.weight;
    this.wire = request.operation;
  }

  static of<T>(request: ReadRequest<T>, call: Call<T>): ReadOperation {
    return new ReadOperation(request, answering(request, call));
  }
}

function toEntry(result: GetResult): KeyValue | undefined {
  return result.entry === undefined ? undefined : new KeyValue(result.entry);
}

function toPage(result: RangeResult): Page {
  const revision = safeInteger(result.revision, "revision");
  return {
    entries: result.entries.map((entry) => new KeyValue(entry)),
    next: result.next,
    revision,
    count: safeInteger(result.count, "count"),
    asAsked: result.asAsked,
  };
}

function toHistoryPage(result: HistoryResult): HistoryPage {
  const writes = result.writes.map(({ revision, entry }) => ({
    revision: safeInteger(revision, "revision"),
    entry: entry === undefined ? undefined : new KeyValue(entry),
  }));
  return { writes, next: safeInteger(result.next, "next revision") };
}
