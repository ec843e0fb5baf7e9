import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../exit/exit-code.ts";
import { restore } from "./restore.ts";
import { RestoringDirectory } from "./restoring-directory.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "raftkv-restore-"));
});

afterEach(() => rm(folder, { recursive: true }));

const options = () => ({
  file: join(folder, "backup"),
  dataDir: join(folder, "data"),
  nodeId: 1,
  storage: "@raftkv/storage-sqlite",
  workingDirectory: folder,
  bumpRevision: 1,
});

describe("a data directory that is restored", () => {
  it("is made of its parts once they are whole, and nothing else is left", async () => {
    const target = join(folder, "data");
    {
      await using directory = await RestoringDirectory.begin(target);
      for (const part of ["logs", "state", "snapshots", "lock"]) await mkdir(join(directory.path, part));
      await writeFile(join(directory.path, "state", "kv.db"), "rows");
      await directory.finish("a storage package");
    }
    expect((await readdir(target)).toSorted()).toEqual(["logs", "snapshots", "state"]);
    expect(await readFile(join(target, "state", "kv.db"), "utf8")).toBe("rows");
  });

  it("is not there where the restore failed; one that was there and empty stays so", async () => {
    await writeFile(options().file, "no backup at all");
    await expect(restore(options())).rejects.toMatchObject({
      exitCode: exitCodes.corrupt,
      message: expect.stringContaining("does not begin as a backup does"),
    });
    expect(await readdir(folder)).toEqual(["backup"]);
    await mkdir(options().dataDir);
    await expect(restore(options())).rejects.toMatchObject({ exitCode: exitCodes.corrupt });
    expect(await readdir(options().dataDir)).toEqual([]);
  });

  it.each([
    ["anything", "notes.txt", "is not empty (notes.txt)"],
    ["what a restore that was cut off has left", "restoring", "or a restore into it was cut off"],
  ])("must not hold %s", async (_, name, message) => {
    await mkdir(join(options().dataDir, name), { recursive: true });
    await writeFile(options().file, "x");
    await expect(restore(options())).rejects.toMatchObject({
      exitCode: exitCodes.dataDirectory,
      message: expect.stringContaining(message),
    });
    expect(await readdir(options().dataDir)).toEqual([name]);
  });

  it("says that there is no such backup, and refuses a storage package that keeps nothing", async () => {
    await expect(restore(options())).rejects.toMatchObject({
      exitCode: exitCodes.usage,
      message: expect.stringContaining("cannot be read"),
    });
    const target = join(folder, "data");
    const directory = await RestoringDirectory.begin(target);
    await expect(directory.finish("a package in memory")).rejects.toMatchObject({
      message: expect.stringContaining("a package in memory keeps nothing on disk"),
    });
    await directory[Symbol.asyncDispose]();
    expect(await readdir(folder)).toEqual([]);
  });
});
