import { decodeEnvelope } from "../codec/envelope.ts";
import type { EntryContent } from "./command.ts";

/**
 * Decodes the payloads of command entries, each once: the node that proposes a payload has to look into it anyway, and
 * what it saw is kept, by the identity of the bytes, until they are applied or dropped.
 */
export class EntryDecoder {
  readonly #seen = new WeakMap<Uint8Array, EntryContent>();

  /** Decodes before the payload is proposed. The bytes must not change any more. */
  preview(payload: Uint8Array): EntryContent {
    const content = decodeEnvelope(payload);
    this.#seen.set(payload, content);
    return content;
  }

  decode(payload: Uint8Array): EntryContent {
    return this.#seen.get(payload) ?? decodeEnvelope(payload);
  }
}
