import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";

/** What is wrong with a line of a transaction. */
export class LineError extends CommandError {
  constructor(message: string) {
    super(message, exitCodes.usage);
  }
}

/** The words of a line, as a shell would see them: quotes keep spaces, and a backslash in double quotes means what it does in JSON. */
export function words(line: string): readonly string[] {
  const found: string[] = [];
  let rest = line.trimStart();
  while (rest !== "") {
    let word = "";
    while (rest !== "" && !/^\s/.test(rest)) {
      const [piece, length] = firstPiece(rest);
      word += piece;
      rest = rest.slice(length);
    }
    found.push(word);
    rest = rest.trimStart();
  }
  return found;
}

/** Text up to the next space or quote, or within quotes; and how many characters of the line it took. */
function firstPiece(text: string): readonly [piece: string, length: number] {
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(text)?.[0] ?? /^'[^']*'/.exec(text)?.[0];
  if (quoted !== undefined) return [quoted.startsWith("'") ? quoted.slice(1, -1) : unescaped(quoted), quoted.length];
  if (text.startsWith('"') || text.startsWith("'")) throw new LineError(`a quote is not closed: ${text}`);
  const bare = /^[^\s"']+/.exec(text)?.[0] ?? text;
  return [bare, bare.length];
}

export function unescaped(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw new LineError(`${quoted} holds an escape that JSON does not know`);
  }
}
