import { mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";

/** In a data directory while it is being restored: no node starts on it then. */
export const restoringFolder = "restoring";

/** The log goes last: a state without it is refused, and a log without its state would pass for that of an empty node. */
const parts = ["state", "snapshots", "logs"] as const;

/** A data directory in the making: inside the one that it is to be, which may be a file system of its own. */
export class RestoringDirectory implements AsyncDisposable {
  readonly path: string;
  readonly #target: string;
  #made = false;
  #finished = false;

  private constructor(target: string) {
    this.#target = target;
    this.path = join(target, restoringFolder);
  }

  /** Rejects with a `NodeFailure` where there is anything in `dataDir`. */
  static async begin(dataDir: string): Promise<RestoringDirectory> {
    const directory = new RestoringDirectory(resolve(dataDir));
    directory.#made = (await mkdir(directory.#target, { recursive: true })) !== undefined;
    // An ext4 file system has this one from the beginning.
    const found = (await readdir(directory.#target)).filter((name) => name !== "lost+found");
    if (found.length > 0) throw new NodeFailure(exitCodes.dataDirectory, notEmpty(directory.#target, found));
    await mkdir(directory.path);
    await sync(directory.#target);
    await sync(dirname(directory.#target));
    return directory;
  }

  /** The stores are closed: the data directory is whole from now on. */
  async finish(storage: string): Promise<void> {
    const made = new Set(await readdir(this.path));
    if (!parts.every((part) => made.has(part))) {
      throw new NodeFailure(exitCodes.usage, `${storage} keeps nothing on disk: a backup cannot be restored into it`);
    }
    for (const part of parts) await rename(join(this.path, part), join(this.#target, part));
    await sync(this.#target);
    await rm(this.path, { recursive: true });
    await sync(this.#target);
    this.#finished = true;
  }

  /** Unless it was finished, nothing is left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#finished) return;
    for (const part of parts) await rm(join(this.#target, part), { recursive: true, force: true });
    await rm(this.path, { recursive: true, force: true });
    if (this.#made) await rmdir(this.#target);
  }
}

/** Said by a node that is started on it, too. */
export function unfinishedRestore(dataDir: string): string {
  return (
    `${dataDir} is being restored from a backup, or a restore into it was cut off: if none is under way, remove the ` +
    "directory and restore again"
  );
}

function notEmpty(dataDir: string, found: readonly string[]): string {
  if (found.includes(restoringFolder)) return unfinishedRestore(dataDir);
  return (
    `${dataDir} is not empty (${found.slice(0, 3).join(", ")}${found.length > 3 ? ", …" : ""}): a backup is restored into a ` +
    "fresh data directory only. Choose another one"
  );
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
