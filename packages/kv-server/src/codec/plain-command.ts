import type { Command, Operation } from "../state/command.ts";
import { keyId } from "../state/key-id.ts";
import { FieldReader } from "./field-reader.ts";

/** Tags of `CommandBatch`, `Operation`, `PutOperation` and `DeleteOperation`. */
const SESSION_ID = 0x08;
const FIRST_SEQUENCE = 0x10;
const ACKNOWLEDGED_THROUGH = 0x18;
const OPERATION = 0x22;
const PUT = 0x0a;
const DELETE = 0x12;
const KEY = 0x0a;
const VALUE = 0x12;

/**
 * Reads the `CommandBatch` that most entries hold, and that every node has to decode: puts and deletes that say nothing but
 * key and value. Undefined: it is anything else, and protobuf has to say what. Where this answers, it answers what protobuf
 * does. Keys and values are views of `bytes`.
 */
export function decodePlainCommand(bytes: Uint8Array): Command | undefined {
  try {
    return readCommand(new FieldReader(bytes));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readCommand(batch: FieldReader): Command | undefined {
  const sessionId = batch.number(SESSION_ID);
  const firstSequence = batch.number(FIRST_SEQUENCE);
  const acknowledgedThrough = batch.number(ACKNOWLEDGED_THROUGH);
  const operations: Operation[] = [];
  for (let fields = batch.message(OPERATION); fields !== undefined; fields = batch.message(OPERATION)) {
    const operation = readOperation(fields);
    if (operation === undefined) return undefined;
    operations.push(operation);
  }
  if (!batch.isAtEnd || !Number.isSafeInteger(firstSequence + operations.length)) return undefined;
  return { sessionId, firstSequence, acknowledgedThrough, operations };
}

function readOperation(operation: FieldReader): Operation | undefined {
  const put = operation.message(PUT);
  if (put !== undefined) return operation.isAtEnd ? readPut(put) : undefined;
  const deletion = operation.message(DELETE);
  return deletion !== undefined && operation.isAtEnd ? readDelete(deletion) : undefined;
}

function readPut(put: FieldReader): Operation | undefined {
  const key = put.bytes(KEY);
  const value = put.bytes(VALUE);
  if (key === undefined || value === undefined || !put.isAtEnd) return undefined;
  return { kind: "put", id: keyId(key), key, value, options: undefined };
}

function readDelete(deletion: FieldReader): Operation | undefined {
  const key = deletion.bytes(KEY);
  if (key === undefined || !deletion.isAtEnd) return undefined;
  return { kind: "delete", id: keyId(key), key, withPrevious: false };
}
