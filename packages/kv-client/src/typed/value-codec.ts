import type { StandardSchemaV1 } from "@standard-schema/spec";
import { invalidArgument } from "../error.ts";
import { schemaCodec } from "./schema-codec.ts";

/** How values are stored. Both ways are synchronous, so that writes keep the order of the calls. */
export interface ValueCodec<Value, Input = Value> {
  /** Text is stored as UTF-8. What it throws is the reason of an INVALID_ARGUMENT. */
  encode(value: Input): Uint8Array | string;
  /** What it throws is the reason of an INVALID_VALUE. */
  decode(bytes: Uint8Array): Value;
}

/** A codec; or a schema of any Standard Schema library, for values that are stored as JSON. */
export type ValueFormat<Value, Input = Value> = ValueCodec<Value, Input> | StandardSchemaV1<Input, Value>;

/** Throws INVALID_ARGUMENT for what is neither. */
export function valueCodec<Value, Input>(format: ValueFormat<Value, Input>): ValueCodec<Value, Input> {
  const isObject = typeof format === "function" || (typeof format === "object" && format !== null);
  if (isObject && "~standard" in format) return schemaCodec(format);
  if (isObject && typeof format.encode === "function" && typeof format.decode === "function") return format;
  throw invalidArgument(
    "the format of values is neither a schema (Standard Schema) nor a codec with encode and decode",
  );
}
