import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { Fields } from "../fields.ts";
import { sealPadded, unseal } from "../sealed-json.ts";
import { damaged } from "../storage-fault.ts";

/** How far the log of which member certainly reached. */
export interface WitnessRecord {
  readonly memberId: string;
  /** The number of the last commit that was seen to be durable. */
  readonly sequence: number;
  /** For the message only: a log may be truncated, its sequence never goes back. */
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** Two slots, each within a sector of its own, so that a power loss while one is written leaves the other. */
const slotBytes = 512;
const slotOffsets = [0, 4096] as const;

/**
 * A small file beside the log's database that says how far the log must reach. SQLite takes the first frame of its
 * write-ahead log that does not check out for the end: a damaged or lost one reads as a shorter log, all in order. So
 * does an old copy of the database.
 *
 * A record is written after the commit it speaks of has become durable, and is not synced itself: it never leads, it
 * costs no sync, and after a power loss it may lag by as much as the kernel had not written back.
 */
export class Witness {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** The newest record, or undefined if there is no such file. Throws `corrupt` if no record is whole. */
  static read(file: string): WitnessRecord | undefined {
    const bytes = readIfExists(file);
    if (bytes === undefined) return undefined;
    const records = slotOffsets
      .map((offset) => unseal(bytes.subarray(offset, offset + slotBytes)))
      .filter((record) => record !== undefined)
      .map((record) => parseRecord(new Fields(record, file, "the witness")));
    const [first, ...others] = records;
    if (first === undefined) throw damaged(file, "neither of its two records has the right checksum");
    return others.reduce((newest, record) => (record.sequence > newest.sequence ? record : newest), first);
  }

  /** Makes the file, whole and on stable storage. */
  static create(file: string, record: WitnessRecord): void {
    const bytes = Buffer.alloc(slotOffsets[1] + slotBytes);
    for (const offset of slotOffsets) bytes.set(sealPadded(record, slotBytes), offset);
    const aside = `${file}.part`;
    writeFileSync(aside, bytes, { flush: true });
    renameSync(aside, file);
    syncFolderNow(dirname(file));
  }

  static open(file: string): Witness {
    return new Witness(openSync(file, "r+"));
  }

  /** Call it once the commit with this sequence has returned, and not before. */
  record(record: WitnessRecord): void {
    writeSync(
      this.#descriptor,
      sealPadded(record, slotBytes),
      0,
      slotBytes,
      slotOffsets[record.sequence % 2 === 0 ? 0 : 1],
    );
  }

  close(): void {
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
  }
}

export function syncFolderNow(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readIfExists(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function parseRecord(fields: Fields): WitnessRecord {
  return {
    memberId: fields.text("memberId"),
    sequence: fields.integer("sequence"),
    lastIndex: fields.integer("lastIndex"),
    lastTerm: fields.integer("lastTerm"),
  };
}
