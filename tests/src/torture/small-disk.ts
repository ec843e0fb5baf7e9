import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const sizeKib = 512 * 1024;
const pageKib = 4;

/**
 * A file system of its own for a node's data, in memory, that can be made full. It is mounted in a mount namespace of the
 * torturer's own, so that nothing of it is left behind, however the torturer ends.
 */
export class SmallDisk implements Disposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Why there can be none here; undefined: there can. */
  static unavailable(): string | undefined {
    const directory = mkdtempSync(join(tmpdir(), "raftkv-disk-"));
    try {
      const script = 'mount -t tmpfs -o size=1m raftkv "$1" && umount "$1"';
      quietly("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", directory);
      return undefined;
    } catch (error) {
      return `no file system can be mounted here: ${error instanceof Error ? error.message.trim() : String(error)}`;
    } finally {
      rmdirSync(directory);
    }
  }

  static mount(path: string): SmallDisk {
    mkdirSync(path, { recursive: true });
    quietly("mount", "-t", "tmpfs", "-o", `size=${sizeKib}k`, "raftkv", path);
    return new SmallDisk(path);
  }

  /** No page more is to be had. What is written meanwhile makes it larger than was looked up: then again. */
  fill(): void {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#resize(this.#usedKib() + (attempt - 1) * 16 * pageKib);
        return;
      } catch (error) {
        if (attempt === 50) throw error;
      }
    }
  }

  makeRoom(): void {
    this.#resize(sizeKib);
  }

  /** End the processes that have files open on it first. */
  [Symbol.dispose](): void {
    quietly("umount", "--lazy", this.#path);
  }

  #usedKib(): number {
    const { bsize, blocks, bfree } = statfsSync(this.#path);
    return Math.ceil(((blocks - bfree) * bsize) / 1024);
  }

  #resize(kib: number): void {
    quietly("mount", "-o", `remount,size=${kib}k`, this.#path);
  }
}

function quietly(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
}
