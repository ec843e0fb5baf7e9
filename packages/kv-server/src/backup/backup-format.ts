import { createHash } from "node:crypto";
import { ByteReader } from "../codec/byte-reader.ts";
import { ByteWriter } from "../codec/byte-writer.ts";
import { KvError } from "../kv-error.ts";
import { ChunkReader } from "../state/chunk-reader.ts";

/**
 * A backup's bytes:
 *
 *     header   "RKVB", format (1 byte), length (4 bytes, big-endian), and so many bytes of JSON: a `BackupHeader`
 *     state    a snapshot, as it stands between nodes (see `encodeSnapshot`)
 *     trailer  SHA-256 of everything before it (32 bytes)
 */
const MAGIC = "RKVB";
const FORMAT = 1;
const PREFIX_LENGTH = 9;
/** A longer header is damage. */
const MAX_HEADER_LENGTH = 64 * 1024;
const DIGEST_LENGTH = 32;

/** What a backup says of itself. */
export interface BackupHeader {
  /** Where it comes from. */
  readonly clusterId: string;
  readonly nodeId: number;
  /** The version of raftkv that wrote it. */
  readonly version: string;
  /** The state as of this entry of that cluster's log, … */
  readonly index: number;
  /** … and so of this revision of the store. */
  readonly revision: number;
}

/** In chunks of at most 1 MiB, as `state` has them. */
export async function* encodeBackup(
  header: BackupHeader,
  state: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash("sha256");
  const json = Buffer.from(JSON.stringify(header));
  const start = new ByteWriter(PREFIX_LENGTH + json.length)
    .raw(Buffer.from(MAGIC, "latin1"))
    .byte(FORMAT)
    .uint32(json.length)
    .raw(json)
    .finish();
  hash.update(start);
  yield start;
  for await (const chunk of state) {
    hash.update(chunk);
    yield chunk;
  }
  yield hash.digest();
}

/** A backup that is being read: its header, and its state, which throws `malformedBackup` at its end at the latest. */
export interface OpenedBackup {
  readonly header: BackupHeader;
  /** To be read once. */
  state(): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

/** Rejects with a `KvError`: `malformedBackup`, or `newerFormat`. */
export async function openBackup(chunks: AsyncIterable<Uint8Array>): Promise<OpenedBackup> {
  const hash = createHash("sha256");
  const input = new ChunkReader(chunks);
  const taken = async (length: number) => {
    const bytes = await input.take(length);
    hash.update(bytes);
    return bytes;
  };
  try {
    const prefix = new ByteReader(await taken(PREFIX_LENGTH));
    const magic = Buffer.from(prefix.raw(MAGIC.length)).toString("latin1");
    if (magic !== MAGIC) throw new RangeError("it does not begin as a backup does");
    const format = prefix.byte();
    if (format > FORMAT) throw newerFormat(format);
    if (format !== FORMAT) throw new RangeError(`no backup has format ${format}`);
    const length = prefix.uint32();
    if (length > MAX_HEADER_LENGTH) throw new RangeError(`its header has ${length} bytes`);
    const header = parseHeader(Buffer.from(await taken(length)).toString("utf8"));
    const state = () =>
      verified(
        input.rest(),
        (bytes) => hash.update(bytes),
        () => hash.digest(),
      );
    return { header, state, close: () => input.close() };
  } catch (cause) {
    await input.close();
    throw malformedBackup(cause);
  }
}

/** Everything but the trailer, which is held back and compared at the end. */
async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  update: (bytes: Uint8Array) => void,
  digest: () => Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const free = Math.max(0, bytes.length - DIGEST_LENGTH);
    held = bytes.subarray(free);
    if (free === 0) continue;
    const part = bytes.subarray(0, free);
    update(part);
    yield part;
  }
  if (held.length < DIGEST_LENGTH || Buffer.compare(digest(), held) !== 0) {
    throw new RangeError("its checksum does not hold");
  }
}

function parseHeader(json: string): BackupHeader {
  const found: unknown = JSON.parse(json);
  if (typeof found !== "object" || found === null) throw new RangeError("its header is no object");
  const fields: Readonly<Record<string, unknown>> = { ...found };
  const text = (name: string): string => {
    const value = fields[name];
    if (typeof value !== "string") throw new RangeError(`its header lacks ${name}`);
    return value;
  };
  const count = (name: string): number => {
    const value = fields[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`its header lacks ${name}`);
    }
    return value;
  };
  return {
    clusterId: text("clusterId"),
    nodeId: count("nodeId"),
    version: text("version"),
    index: count("index"),
    revision: count("revision"),
  };
}

function newerFormat(format: number): KvError {
  return new KvError(
    "newerFormat",
    `the backup has format ${format}, this version reads up to ${FORMAT}: use a newer raftkv to restore it`,
  );
}

/** `cause` as it is where it says enough, as with errors of the disk. */
export function malformedBackup(cause: unknown): unknown {
  const isPlain = cause instanceof RangeError || cause instanceof SyntaxError;
  const isSnapshot = cause instanceof KvError && cause.code === "malformedSnapshot";
  if (!isPlain && !isSnapshot) return cause;
  const reason = isSnapshot && cause.cause instanceof Error ? cause.cause.message : cause.message;
  return new KvError("malformedBackup", `the backup is damaged or not whole (${reason}): nothing was restored`, {
    cause,
  });
}
