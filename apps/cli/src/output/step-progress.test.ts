import { describe, expect, it } from "vitest";
import { formatBytes } from "./format-bytes.ts";
import { Lines } from "./step-progress.ts";

describe("progress where there is no terminal", () => {
  it("is a line every five seconds, with how much of how much", () => {
    let now = 0;
    const lines: string[] = [];
    const stream = { write: (text: string) => lines.push(text) > 0 };
    const progress = new Lines("backup", formatBytes, stream, { now: () => now, wait: async () => {} });
    progress.update(1, 100);
    now = 4_999;
    progress.update(2, 100);
    now = 5_000;
    progress.update(1024, 4096);
    now = 9_000;
    progress.update(2048, 4096);
    now = 10_000;
    progress.update(10 * 1024 * 1024, undefined);
    expect(lines).toEqual(["backup: 1.0 KiB of 4.0 KiB (25%)\n", "backup: 10 MiB\n"]);
  });
});
