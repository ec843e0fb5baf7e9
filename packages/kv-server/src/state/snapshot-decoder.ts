import { crc32 } from "node:zlib";
import { ByteReader } from "../codec/byte-reader.ts";
import { checkEmptyRow, decodeLeaseCounters, decodeLeaseRow } from "../codec/lease-rows.ts";
import { parseRowKey, type RowKey } from "../codec/row-keys.ts";
import { decodeHistoryRow, decodeIndexRow, decodeMetaRow, decodeValueRow } from "../codec/rows.ts";
import { decodeAnswerRow, decodeSessionRow } from "../codec/session-row.ts";
import { KvError } from "../kv-error.ts";
import type { StateRow } from "../ports/state-store.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { checkedMeta } from "./saved-state.ts";
import { HEADER_LENGTH, MAX_BLOCK_LENGTH, SNAPSHOT_FORMAT, SNAPSHOT_MAGIC, TRAILER_LENGTH } from "./snapshot-format.ts";

/**
 * The rows of a snapshot, verified: in order, each one well-formed, and all of them there. Throws `malformedSnapshot`
 * (or `newerFormat`), at the very end at the latest, so whoever takes the rows in must not make them visible before.
 */
export async function* decodeSnapshot(
  appliedIndex: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly StateRow[], void, undefined> {
  const input = new ChunkReader(chunks);
  try {
    checkHeader(await input.take(HEADER_LENGTH), appliedIndex);
    const check = new RowCheck(appliedIndex);
    for (;;) {
      const length = new ByteReader(await input.take(4)).uint32();
      if (length === 0) break;
      if (length > MAX_BLOCK_LENGTH) throw new RangeError(`a block has ${length} bytes`);
      const block = await input.take(length);
      yield check.block(block);
    }
    check.trailer(new ByteReader(await input.take(TRAILER_LENGTH - 4)));
    await input.end();
  } catch (cause) {
    if (cause instanceof KvError && cause.code === "newerFormat") throw cause;
    throw new KvError(
      "malformedSnapshot",
      `the snapshot at index ${appliedIndex} cannot be restored (${cause instanceof Error ? cause.message : String(cause)}); the old state is kept`,
      { cause },
    );
  } finally {
    await input.close();
  }
}

function checkHeader(header: Uint8Array, appliedIndex: number): void {
  const reader = new ByteReader(header);
  const magic = Buffer.from(reader.raw(SNAPSHOT_MAGIC.length)).toString("latin1");
  if (magic !== SNAPSHOT_MAGIC) throw new RangeError("it does not begin as a snapshot of the key-value state does");
  const format = reader.byte();
  if (format > SNAPSHOT_FORMAT) {
    throw new KvError(
      "newerFormat",
      `the snapshot has format ${format}, this version reads up to ${SNAPSHOT_FORMAT}: upgrade this node`,
    );
  }
  if (format !== SNAPSHOT_FORMAT) throw new RangeError(`no snapshot has format ${format}`);
  const index = reader.uint64();
  if (index !== appliedIndex)
    throw new RangeError(`its header names index ${index}, where ${appliedIndex} was expected`);
}

/** Goes along with the rows of one snapshot. */
class RowCheck {
  readonly #appliedIndex: number;
  #count = 0;
  #checksum = 0;
  #hasMeta = false;
  #last: Uint8Array = new Uint8Array(0);

  constructor(appliedIndex: number) {
    this.#appliedIndex = appliedIndex;
  }

  block(block: Uint8Array): readonly StateRow[] {
    this.#checksum = crc32(block, this.#checksum);
    const reader = new ByteReader(block);
    const rows: StateRow[] = [];
    while (reader.remaining > 0) rows.push(this.#row({ key: reader.prefixed(), value: reader.prefixed() }));
    return rows;
  }

  trailer(reader: ByteReader): void {
    const count = reader.uint64();
    const checksum = reader.uint32();
    if (count !== this.#count) throw new RangeError(`it has ${this.#count} rows, where its end says ${count}`);
    if (checksum !== this.#checksum) throw new RangeError("its checksum does not hold");
    // Only a state that nothing was ever applied to has none, and no other row either.
    if (!this.#hasMeta && (this.#appliedIndex > 0 || count > 0)) throw new RangeError("it has no meta row");
  }

  #row(row: StateRow): StateRow {
    if (Buffer.compare(this.#last, row.key) >= 0) throw new RangeError(`row ${this.#count} is out of order`);
    const key = parseRowKey(row.key);
    checkValue(key, row.value);
    this.#hasMeta ||= key.kind === "meta";
    this.#last = row.key;
    this.#count++;
    return row;
  }
}

function checkValue(key: RowKey, value: Uint8Array): void {
  switch (key.kind) {
    case "history":
      decodeHistoryRow(value);
      return;
    case "index":
      decodeIndexRow(value);
      return;
    case "meta":
      checkedMeta(decodeMetaRow(value));
      return;
    case "value":
      decodeValueRow(value);
      return;
    case "lease":
      decodeLeaseRow(key.leaseId, value);
      return;
    case "leaseCounters":
      decodeLeaseCounters(value);
      return;
    case "leaseDeadline":
    case "leaseKey":
      checkEmptyRow(value);
      return;
    case "session":
      decodeSessionRow(key.sessionId, value);
      return;
    case "answer":
      decodeAnswerRow(value);
      return;
  }
}
