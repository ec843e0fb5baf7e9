import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, type OperationSchema } from "@raftkv/proto/kv";

/** Operations on their way to the log, in one batch. `sessionId` 0: without a session. */
export interface Command {
  readonly sessionId: number;
  /** Of the first operation. */
  readonly sequence: number;
  readonly acknowledgedThrough: number;
  readonly operations: readonly CommandOperation[];
}

export type CommandOperation = NonNullable<MessageInitShape<typeof OperationSchema>["operation"]>;

const nothing: Uint8Array = new Uint8Array();

/** By hand where it holds nothing but puts and deletes of keys, as most do: by protobuf it costs more than to apply it. */
export function encodeCommand(command: Command): Uint8Array {
  return encodePlain(command) ?? encodeAny(command);
}

/** The same, by protobuf, whatever it holds. */
export function encodeAny({ sessionId, sequence, acknowledgedThrough, operations }: Command): Uint8Array {
  return toBinary(
    CommandBatchSchema,
    create(CommandBatchSchema, {
      sessionId: BigInt(sessionId),
      firstSequence: BigInt(sequence),
      acknowledgedThrough: BigInt(acknowledgedThrough),
      operations: operations.map((operation) => ({ operation })),
    }),
  );
}

function encodePlain({ sessionId, sequence, acknowledgedThrough, operations }: Command): Uint8Array | undefined {
  const batch: number[] = [];
  // Numbers of fields, and of types, as `CommandBatch` and what is in it have them. What is 0 is left out.
  for (const [tag, value] of [
    [0x08, sessionId],
    [0x10, sequence],
    [0x18, acknowledgedThrough],
  ] as const) {
    if (value > 0) pushNumber(batch, tag, value);
  }
  for (const operation of operations) {
    const content = plainContent(operation);
    if (content === undefined) return undefined;
    const tagged: number[] = [];
    pushBytes(tagged, operation.case === "put" ? 0x0a : 0x12, content);
    pushBytes(batch, 0x22, tagged);
  }
  return new Uint8Array(batch);
}

/** What a put or a delete holds; undefined where it is more than key and value, or something else. */
function plainContent(operation: CommandOperation): number[] | undefined {
  if (operation.case === "put") {
    const { key, value, ...more } = operation.value;
    return Object.keys(more).length === 0 ? contentOf(key, value) : undefined;
  }
  if (operation.case !== "delete") return undefined;
  const { key, ...more } = operation.value;
  return Object.keys(more).length === 0 ? contentOf(key) : undefined;
}

function contentOf(key = nothing, value = nothing): number[] {
  const content: number[] = [];
  if (key.length > 0) pushBytes(content, 0x0a, key);
  if (value.length > 0) pushBytes(content, 0x12, value);
  return content;
}

function pushNumber(bytes: number[], tag: number, value: number): void {
  bytes.push(tag);
  pushVarint(bytes, value);
}

function pushBytes(bytes: number[], tag: number, content: ArrayLike<number>): void {
  pushNumber(bytes, tag, content.length);
  for (let position = 0; position < content.length; position++) bytes.push(content[position] ?? 0);
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}
