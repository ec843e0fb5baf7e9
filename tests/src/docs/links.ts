import { existsSync, readFileSync } from "node:fs";

/** A link to what shows something: a file, and words that have to stand in it, the test's title, or a line of the story. */
export interface ShowingLink {
  readonly path: string;
  readonly words: string;
}

/** The cells of all rows of a page's tables that stand in `text`, headings left out. */
export function tableRows(text: string, heading: string): readonly (readonly string[])[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([first]) => first !== heading && !/^-+$/.test(first ?? ""));
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
