import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { linksIn, problemOf, tablesIn } from "./links.ts";

const page = new URL("../../../docs/features.md", import.meta.url);
const tables = tablesIn(readFileSync(page, "utf8"));
const rows = tables.flatMap((table) => table.rows);

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
    expect(links.flatMap((link) => problemOf(link, page) ?? [])).toEqual([]);
  });
});
