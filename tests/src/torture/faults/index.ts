import { clock } from "./clock.ts";
import type { Fault, FaultKind } from "./fault.ts";
import { fullDisk } from "./full-disk.ts";
import { ioError } from "./io-error.ts";
import { kill } from "./kill.ts";
import { partition } from "./partition.ts";
import { pause } from "./pause.ts";

export const faults: Readonly<Record<FaultKind, Fault>> = {
  kill,
  pause,
  partition,
  "full-disk": fullDisk,
  "io-error": ioError,
  clock,
};
