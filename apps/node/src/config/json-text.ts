/** What `parseJson` throws: where the text stops being JSON, and why. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

/** `JSON.parse`, with line and column in the message of the error. */
export function parseJson(text: string): unknown {
  const failure = attempt(text);
  if (failure === undefined) return JSON.parse(text);
  const position = failure.position ?? firstBadPosition(text);
  const before = text.slice(0, position).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  throw new JsonSyntaxError(`line ${before.length}, column ${column}: ${failure.reason}`);
}

interface Failure {
  readonly reason: string;
  /** V8 does not always tell. */
  readonly position: number | undefined;
}

function attempt(text: string): Failure | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { message } = error;
    const place = /^(.*?)(?: in JSON)? at position (\d+)/s.exec(message);
    if (place?.[1] !== undefined) return { reason: place[1], position: Number(place[2]) };
    if (message.startsWith("Unexpected end")) return { reason: "the text ends too early", position: text.length };
    return { reason: message.replace(/, (\.\.\.)?".*$/s, ""), position: undefined };
  }
}

/** The end of the longest prefix that could still become JSON; found by halving, as badness only grows with length. */
function firstBadPosition(text: string): number {
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const failure = attempt(text.slice(0, middle));
    if (failure === undefined || failure.position === middle) good = middle;
    else bad = middle;
  }
  return good;
}
