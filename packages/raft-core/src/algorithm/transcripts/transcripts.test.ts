import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { playScript } from "./script.ts";

/** Set to 1 to write the golden files anew; read the difference before it is committed. */
const updates = process.env.UPDATE_GOLDEN === "1";
const folder = new URL("./", import.meta.url);
const stories = readdirSync(folder)
  .filter((file) => file.endsWith(".script.txt"))
  .map((file) => file.replace(".script.txt", ""));

describe("golden transcripts", () => {
  it.each(stories)("%s", (story) => {
    const transcript = playScript(readFileSync(new URL(`${story}.script.txt`, folder), "utf8"));
    const golden = new URL(`${story}.golden.txt`, folder);
    if (updates) writeFileSync(golden, transcript);
    expect(transcript).toBe(readFileSync(golden, "utf8"));
  });
});
