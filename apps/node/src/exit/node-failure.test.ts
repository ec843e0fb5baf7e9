import { KvError } from "@raftkv/kv-server";
import { StorageError } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { exitCodes } from "./exit-code.ts";
import { NodeFailure, toNodeFailure } from "./node-failure.ts";

/** As a storage package with a raft-core of its own throws it. */
const foreign = Object.assign(new Error("raft.db: EIO"), { name: "StorageError", code: "failed" });

it.each([
  [new NodeFailure(exitCodes.listen, "x"), exitCodes.listen, "x"],
  [new StorageError("locked", "in use"), exitCodes.dataDirectory, "in use"],
  [new StorageError("corrupt", "damaged"), exitCodes.corrupt, "damaged"],
  [new StorageError("failed", "kv.db: EIO"), exitCodes.storageFailed, "kv.db: EIO"],
  [new Error("wrapped", { cause: foreign }), exitCodes.storageFailed, "raft.db: EIO"],
  [new KvError("newerFormat", "too new"), exitCodes.dataDirectory, "too new"],
  [new TypeError("oops"), exitCodes.unexpected, "unexpected failure: TypeError: oops"],
  ["a string", exitCodes.unexpected, "unexpected failure: a string"],
])("%s has its exit code", (error, exitCode, message) => {
  expect(toNodeFailure(error)).toMatchObject({ exitCode, message });
});
