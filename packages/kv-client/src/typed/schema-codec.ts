import type { StandardSchemaV1 } from "@standard-schema/spec";
import { invalidArgument } from "../error.ts";
import { fromJson, toJson } from "./json.ts";
import type { ValueCodec } from "./value-codec.ts";

/** Issues told in a message; there may be one for each of a million elements. */
const toldIssues = 5;

/**
 * Values stored as JSON, as they were given; what the schema makes of them is made when they are read. A write is checked by
 * reading what would be stored: so whatever is written can be read, and a schema may transform (a text to a date, say).
 */
export function schemaCodec<Value, Input>(schema: StandardSchemaV1<Input, Value>): ValueCodec<Value, Input> {
  return {
    encode(value) {
      const text = toJson(value);
      check(schema, JSON.parse(text));
      return text;
    },
    decode: (bytes) => check(schema, fromJson(bytes)),
  };
}

function check<Value>(schema: StandardSchemaV1<unknown, Value>, found: unknown): Value {
  const result = schema["~standard"].validate(found);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw invalidArgument(
      "the schema checks asynchronously, and writes could not keep the order of their calls: use another",
    );
  }
  if (result.issues !== undefined) throw new Error(describe(result.issues));
  return result.value;
}

function describe(issues: readonly StandardSchemaV1.Issue[]): string {
  const told = issues.slice(0, toldIssues).map(({ path = [], message }) => {
    const at = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return at === "" ? message : `${at}: ${message}`;
  });
  const more = issues.length - told.length;
  return told.join("; ") + (more > 0 ? `; and ${more} more` : "");
}
