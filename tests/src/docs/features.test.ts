import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const page = new URL("../../../docs/features.md", import.meta.url);
const text = readFileSync(page, "utf8");

/** All tables, each with its heading first, as rows of cells. */
const tables = text
  .split(/\n(?!\|)/)
  .map((paragraph) =>
    paragraph
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map(cellsOf),
  )
  .filter((table) => table.length > 0)
  .map(([heading = [], _, ...rows]) => ({ heading, rows }));
const rows = tables.flatMap((table) => table.rows);

function cellsOf(line: string): readonly string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

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
    expect(tables.length).toBeGreaterThan(7);
    expect(rows.length).toBeGreaterThan(54);
    for (const table of tables) {
      const { length } = table.heading;
      expect(table.rows.filter((cells) => cells.length !== length || cells.includes(""))).toEqual([]);
    }
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
