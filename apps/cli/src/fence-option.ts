import type { Fence } from "@raftkv/kv-client";
import { InvalidArgumentError, Option } from "commander";

export interface FenceOption {
  readonly fence?: Fence;
}

/** Of the commands that write. */
export function fenceOption(): Option {
  return new Option(
    "--fence <key:token>",
    'write only while that lock is held by the same holder: under raftkv lock, "$RAFTKV_LOCK_FENCE"',
  ).argParser(parseFence);
}

/** Keys may hold colons: the token comes after the last. */
export function parseFence(text: string): Fence {
  const [, key, digits] = /^(.+):(\d+)$/s.exec(text) ?? [];
  const token = Number(digits);
  if (key !== undefined && token >= 1 && Number.isSafeInteger(token)) return { key, token };
  throw new InvalidArgumentError("Expected the key and the token of a lock, as KEY:TOKEN.");
}

export function formatFence({ key, token }: Fence): string {
  return `${key}:${token}`;
}
