import type { KeyValue as WireKeyValue } from "@raftkv/proto/kv";
import { toText } from "./bytes.ts";
import { safeInteger } from "./safe-integer.ts";

/** A key with its value, as it stood at one moment. */
export class KeyValue {
  /** The key as it is stored. */
  readonly keyBytes: Uint8Array;
  /** The value as it is stored; empty where only keys were asked for. */
  readonly value: Uint8Array;
  /** The store's revision at which the key came to be. */
  readonly createRevision: number;
  /** The store's revision at which the key was last written. */
  readonly modRevision: number;
  /** How often the key was written since it came to be; 1 after the first put. */
  readonly version: number;
  /** The lease that the key goes with. Undefined: none. */
  readonly leaseId: number | undefined;

  constructor(wire: WireKeyValue) {
    this.keyBytes = wire.key;
    this.value = wire.value;
    this.createRevision = safeInteger(wire.createRevision, "create revision");
    this.modRevision = safeInteger(wire.modRevision, "mod revision");
    this.version = safeInteger(wire.version, "version");
    this.leaseId = wire.leaseId === 0n ? undefined : safeInteger(wire.leaseId, "lease id");
  }

  /** The key as text. Throws INVALID_TEXT where it is not UTF-8. */
  get key(): string {
    return toText(this.keyBytes, "key");
  }

  /** The value as text. Throws INVALID_TEXT where it is not UTF-8. */
  get text(): string {
    return toText(this.value, "value");
  }
}
