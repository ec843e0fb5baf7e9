import type { Wrappers } from "../../machine/wrappers.ts";
import type { Theme } from "../../plan/plan.ts";

/** A bug that a real system once shipped, put back around the real parts or into their text. */
export interface PutBackBug {
  readonly name: string;
  /** Its row in the catalogue of other systems' bugs; undefined for one of our own. */
  readonly row: number | undefined;
  readonly wrappers?: Wrappers;
  readonly patches?: readonly Patch[];
  /** The invariants that may be the first to notice. */
  readonly noticedBy: readonly string[];
  /** What the runs are about in which it shows; others are passed over. Undefined: none are. */
  readonly theme?: Theme;
  /** The name of the story in which it shows, where chance alone seldom tells it: its details are searched for then. */
  readonly scenario?: string;
  /** Where the search begins; 1 if left out. For what only one run in dozens notices, to keep the test short. */
  readonly firstSeed?: number;
}

/** A place in the text of a module, which stands there exactly once, and what it is replaced by. */
export interface Patch {
  /** The end of the module's path. */
  readonly module: string;
  readonly find: string;
  readonly replace: string;
}

/** In a module of the algorithm, as it is built. */
export function inAlgorithm(module: string, find: string, replace: string): Patch {
  return { module: `/raft-core/dist/algorithm/${module}.js`, find, replace };
}

export function inNode(module: string, find: string, replace: string): Patch {
  return { module: `/raft-core/dist/node/${module}.js`, find, replace };
}

export function inClient(module: string, find: string, replace: string): Patch {
  return { module: `/kv-client/dist/${module}.js`, find, replace };
}

export function inServer(module: string, find: string, replace: string): Patch {
  return { module: `/kv-server/dist/${module}.js`, find, replace };
}

/** What nodes say when their own checks find it first. */
export const nodesStop = "nodes keep running";
