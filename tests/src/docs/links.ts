import { existsSync, readFileSync } from "node:fs";

/** A link to what shows something: a file, and words that have to stand in it, the test's title, or a line of the story. */
export interface ShowingLink {
  readonly path: string;
  readonly words: string;
}

/** A table of a page, as cells. */
export interface DocsTable {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** All tables of a text. */
export function tablesIn(text: string): readonly DocsTable[] {
  return text
    .split(/\n(?!\|)/)
    .map((paragraph) =>
      paragraph
        .split("\n")
        .filter((line) => line.startsWith("| "))
        .map(cellsOf),
    )
    .filter((table) => table.length > 0)
    .map(([heading = [], _, ...rows]) => ({ heading, rows }));
}

function cellsOf(line: string): readonly string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** The links in a cell that name words of what they lead to. */
export function linksIn(cell: string): readonly ShowingLink[] {
  return [...cell.matchAll(/\[[^\]]+\]\(([^)" ]+) "([^"]+)"\)/g)].map((match) => ({
    path: match[1] ?? "",
    words: match[2] ?? "",
  }));
}

/** What is wrong with a link of that page; undefined: it leads to its words, however the lines there are broken. */
export function problemOf({ path, words }: ShowingLink, page: URL): string | undefined {
  const file = new URL(path, page);
  if (!existsSync(file)) return `${path} is not there`;
  // A comment's next line begins with `#`, a string may be cut in two.
  const text = readFileSync(file, "utf8").replace(/\n# /g, " ").replace(/\\"/g, '"').replace(/\s+/g, " ");
  return text.includes(words) ? undefined : `${path} does not say: ${words}`;
}
