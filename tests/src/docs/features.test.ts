import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const page = new URL("../../../docs/features.md", import.meta.url);
const text = readFileSync(page, "utf8");
const columns = 9;

/** The rows of all tables, their headings left out, as cells. */
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .filter(([first]) => first !== "feature" && !/^-+$/.test(first ?? ""));

interface Link {
  readonly path: string;
  /** Words that have to stand in the file: the test's title, or a line of the story. */
  readonly words: string;
}

function linksIn(cell: string): readonly Link[] {
  return [...cell.matchAll(/\[[^\]]+\]\(([^)" ]+) "([^"]+)"\)/g)].map((match) => ({
    path: match[1] ?? "",
    words: match[2] ?? "",
  }));
}

/** A file's words, however its lines are broken: a comment's next line begins with `#`, a string may be cut in two. */
function wordsOf(path: string): string {
  const content = readFileSync(new URL(path, page), "utf8");
  return content.replace(/\n# /g, " ").replace(/\\"/g, '"').replace(/\s+/g, " ");
}

describe("docs/features.md", () => {
  it("has a cell for every library in every row", () => {
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((cells) => cells.length !== columns || cells.includes(""))).toEqual([]);
  });

  it.each(rows.map((cells) => [cells[0] ?? "", cells[1] ?? ""]))("links to what shows: %s", (_, own) => {
    const links = linksIn(own);
    expect(links.length).toBeGreaterThan(0);
    for (const { path, words } of links) {
      expect(existsSync(new URL(path, page)), path).toBe(true);
      expect(wordsOf(path)).toContain(words);
    }
  });
});
