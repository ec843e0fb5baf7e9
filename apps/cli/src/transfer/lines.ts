/** A line of a file, and where it stands. */
export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Of everything up to the end of the line. */
  readonly bytes: number;
}

/** Longer than any key and value in base64 can be. */
const longestLineBytes = 16 * 1024 * 1024;

const newline = 0x0a;

/** The lines of UTF-8 text, without the empty ones. Throws an `Error` for one that is no UTF-8, or has no end. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let number = 0;
  let bytes = 0;
  const take = (last: Uint8Array): Line | undefined => {
    number++;
    const whole = held.length === 0 ? last : Buffer.concat([...held, last]);
    held = [];
    heldBytes = 0;
    try {
      const text = decoder.decode(whole).trim();
      return text === "" ? undefined : { text, number, bytes };
    } catch {
      throw new Error(`line ${number} is not UTF-8`);
    }
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      bytes += end + 1 - from;
      const line = take(chunk.subarray(from, end));
      if (line !== undefined) yield line;
      from = end + 1;
    }
    const rest = chunk.subarray(from);
    held.push(rest);
    heldBytes += rest.length;
    bytes += rest.length;
    if (heldBytes > longestLineBytes) throw new Error(`line ${number + 1} has more than ${longestLineBytes} bytes`);
  }
  const last = take(new Uint8Array(0));
  if (last !== undefined) yield last;
}
