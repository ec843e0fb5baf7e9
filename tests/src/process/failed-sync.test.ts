import { spawnSync } from "node:child_process";
import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { NodeProcess } from "./harness/node-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const strace = spawnSync("strace", ["-V"]).status === 0;
if (!strace) console.warn("skipped: a disk that refuses a sync (strace is not installed; it makes the sync fail)");

describe.skipIf(!strace)("a node whose disk refuses a sync", () => {
  it("stops at once, names the file and the error, and acknowledges nothing more", async () => {
    await using directory = await temporaryDirectory();
    const inject = ["strace", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"];
    await using node = NodeProcess.start({
      args: ["--data-dir", directory.path, "--listen", "127.0.0.1:0"],
      // The first syncs make the directory and the databases; every one from the 60th on fails.
      wrapper: [...inject, "-e", "inject=fsync,fdatasync:error=EIO:when=60+"],
    });
    const endpoint = await node.address();
    const acknowledged: number[] = [];
    {
      await using kv = new RaftKv({ endpoints: [endpoint], timeoutMs: 2_000 });
      for (let write = 0; node.running && write < 1_000; write++) {
        const done = await kv.put("key", `value ${write}`).then(
          () => true,
          () => false,
        );
        if (!done) break;
        acknowledged.push(write);
      }
    }
    const status = await node.ended();
    expect(status.code).toBe(6);
    expect(node.stderr.trim().split("\n").at(-1)).toMatch(/raft\.db|kv\.db/);
    expect(node.stderr).toMatch(/SQLITE_IOERR|EIO|I\/O error/);

    await using restarted = NodeProcess.start({ args: ["--data-dir", directory.path, "--listen", endpoint] });
    await restarted.address();
    await using kv = new RaftKv({ endpoints: [endpoint], timeoutMs: 5_000 });
    const last = acknowledged.at(-1);
    const found = await kv.get("key");
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(Number(found?.text.replace("value ", ""))).toBeGreaterThanOrEqual(last ?? 0);
  });
});
