import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { linksIn, problemOf, tablesIn } from "./links.ts";

const page = new URL("../../../docs/testing.md", import.meta.url);
const [, section = ""] = readFileSync(page, "utf8").split("\n### Bugs of the key-value layer\n");
const [{ rows } = { rows: [] }] = tablesIn(section.split("\n## ")[0] ?? "");

/** The rows of the catalogue of bugs that are about revisions, history, watches, leases, compaction and locks. */
const layerRows = [21, 22, 23, 25, 26, 27, 28, 29, 30, 31, 32, 33, 50];

describe("the bugs of the key-value layer that were put back", () => {
  it("are those of every row of the catalogue that is about it", () => {
    expect(rows.map(([row]) => Number(row))).toEqual(layerRows);
  });

  it.each(rows.map((cells) => [cells[0] ?? "", cells.at(-1) ?? ""]))(
    "row %s leads to tests that are there",
    (_, what) => {
      const links = linksIn(what);
      expect(links.length).toBeGreaterThan(0);
      expect(links.flatMap((link) => problemOf(link, page) ?? [])).toEqual([]);
    },
  );
});
