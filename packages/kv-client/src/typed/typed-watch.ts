import type { CallOptions } from "../call.ts";
import type { Watch } from "../watch/watch.ts";
import type { PutEvent, WatchEvent } from "../watch/watch-event.ts";
import { mapped } from "./mapped.ts";
import { type EntryReader, TypedEntry } from "./typed-entry.ts";

/** One change of one key. */
abstract class TypedKeyEvent<Value, Key> {
  /** As the watch told it. */
  readonly stored: WatchEvent;
  /** The store's revision that made the change. */
  readonly revision: number;
  /** What the key was before: only with `previous`, where the key existed and that is not compacted. */
  readonly previous: TypedEntry<Value, Key> | undefined;
  readonly #format: EntryReader<Value, Key>;

  constructor(stored: WatchEvent, format: EntryReader<Value, Key>) {
    this.stored = stored;
    this.revision = stored.revision;
    this.previous = stored.previous === undefined ? undefined : new TypedEntry(stored.previous, format);
    this.#format = format;
  }

  /** Throws INVALID_KEY where what is stored is not such a key. */
  get key(): Key {
    return this.#format.decodeKey(this.stored.keyBytes);
  }
}

/** A key was written. */
export class TypedPutEvent<Value, Key> extends TypedKeyEvent<Value, Key> {
  readonly kind = "put";
  /** The key as the write left it. */
  readonly entry: TypedEntry<Value, Key>;

  constructor(stored: PutEvent, format: EntryReader<Value, Key>) {
    super(stored, format);
    this.entry = new TypedEntry(stored.entry, format);
  }
}

/** A key was deleted. */
export class TypedDeleteEvent<Value, Key> extends TypedKeyEvent<Value, Key> {
  readonly kind = "delete";
  readonly entry = undefined;
}

export type TypedWatchEvent<Value, Key = string> = TypedPutEvent<Value, Key> | TypedDeleteEvent<Value, Key>;

/** As `WatchBatch`. */
export interface TypedWatchBatch<Value, Key = string> {
  readonly revision: number;
  readonly events: readonly TypedWatchEvent<Value, Key>[];
}

/** A `Watch` that tells keys and values by their types: decoded when they are asked for, so that one that does not fit stops nothing. */
export class TypedWatch<Value, Key = string> implements AsyncIterable<TypedWatchEvent<Value, Key>>, Disposable {
  readonly #watch: Watch;
  readonly #format: EntryReader<Value, Key>;

  constructor(watch: Watch, format: EntryReader<Value, Key>) {
    this.#watch = watch;
    this.#format = format;
  }

  /** As of `Watch`. */
  started(options: Pick<CallOptions, "timeoutMs"> = {}): Promise<number> {
    return this.#watch.started(options);
  }

  /** Event by event. Only one iteration, of events or batches. */
  [Symbol.asyncIterator](): AsyncGenerator<TypedWatchEvent<Value, Key>, void, undefined> {
    return mapped(this.#watch, (event) => typedEvent(event, this.#format));
  }

  /** Revision by revision, as of `Watch`. Only one iteration, of events or batches. */
  batches(): AsyncGenerator<TypedWatchBatch<Value, Key>, void, undefined> {
    return mapped(this.#watch.batches(), ({ revision, events }) => ({
      revision,
      events: events.map((event) => typedEvent(event, this.#format)),
    }));
  }

  /** Ends it: so does what is iterated. */
  close(): void {
    this.#watch.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export function typedEvent<Value, Key>(
  event: WatchEvent,
  format: EntryReader<Value, Key>,
): TypedWatchEvent<Value, Key> {
  return event.kind === "put" ? new TypedPutEvent(event, format) : new TypedDeleteEvent(event, format);
}
