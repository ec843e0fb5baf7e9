import type { TortureArguments } from "./arguments.ts";
import type { LeftOut } from "./record.ts";

/** What the process that tortures is told by the one that has prepared its place. */
export interface TorturePlan extends TortureArguments {
  readonly leftOut: readonly LeftOut[];
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
  /** The machines that were made for it; undefined: all is on loopback. */
  readonly hosts: string | undefined;
}
