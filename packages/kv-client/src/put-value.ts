import { toBytes } from "./bytes.ts";
import { invalidArgument } from "./error.ts";

export interface KeepValueOptions {
  /**
   * The key keeps the value that it has: then `value` is undefined. For whoever wants to change the lease, or the time to live,
   * alone. KEY_NOT_FOUND where the key does not exist.
   */
  readonly keepValue?: boolean;
}

/** What is written as the value: nothing where it is kept. Throws INVALID_ARGUMENT. */
export function putValue(value: string | Uint8Array | undefined, { keepValue = false }: KeepValueOptions): Uint8Array {
  if (keepValue && value === undefined) return NOTHING;
  if (value === undefined) throw invalidArgument("the value is undefined: expected a string or a Uint8Array");
  if (!keepValue) return toBytes(value, "value");
  throw invalidArgument("put: keepValue and a value exclude each other: give undefined as the value");
}

const NOTHING = new Uint8Array(0);
