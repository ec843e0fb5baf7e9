import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { linksIn, problemOf, tableRows } from "./links.ts";

const page = new URL("../../../docs/features.md", import.meta.url);
const columns = 9;
const rows = tableRows(readFileSync(page, "utf8"), "feature");

describe("docs/features.md", () => {
  it("has a cell for every library in every row", () => {
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((cells) => cells.length !== columns || cells.includes(""))).toEqual([]);
  });

  it.each(rows.map((cells) => [cells[0] ?? "", cells[1] ?? ""]))("links to what shows: %s", (_, own) => {
    const links = linksIn(own);
    expect(links.length).toBeGreaterThan(0);
    expect(links.flatMap((link) => problemOf(link, page) ?? [])).toEqual([]);
  });
});
