import type { Fault } from "./fault.ts";
import { chooseVictims } from "./victims.ts";

/** System calls that fail, by the names that libfiu gives them, and the error number. */
interface Failing {
  readonly what: string;
  readonly calls: readonly string[];
  readonly errorNumber: number;
  /** A process that is started meanwhile has it too. Where it cannot even read its program, nothing is learnt of a node. */
  readonly inNewProcesses: boolean;
}

const EIO = 5;
const ENOSPC = 28;

const failing: readonly Failing[] = [
  {
    what: "syncs fail",
    calls: ["posix/io/sync/fsync", "posix/io/sync/fdatasync"],
    errorNumber: EIO,
    inNewProcesses: true,
  },
  { what: "writes fail", calls: ["posix/io/rw/pwrite"], errorNumber: EIO, inNewProcesses: true },
  { what: "writes find no space", calls: ["posix/io/rw/pwrite"], errorNumber: ENOSPC, inNewProcesses: true },
  { what: "reads fail", calls: ["posix/io/rw/pread"], errorNumber: EIO, inNewProcesses: false },
];

/** The disk gives errors: all calls of a kind, or some of them by chance. A node that stops is started again all the same. */
export const ioError: Fault = {
  kind: "io-error",
  async strike(target) {
    const { cluster, dice } = target;
    const { nodes, called } = chooseVictims(target);
    const { what, calls, errorNumber, inNewProcesses } = dice.pick(failing);
    const percent = dice.pick([100, 100, 30, 5]);
    const command = percent === 100 ? "enable" : "enable_random";
    const share = percent === 100 ? "" : `,probability=${percent / 100}`;
    const commands = calls.map((name) => `${command} name=${name},failinfo=${errorNumber}${share}`);
    await cluster.failCalls(nodes, commands, { reads: what.startsWith("reads"), inNewProcesses });
    return {
      what: `${percent === 100 ? "all" : `${percent} % of`} ${what} on ${called}`,
      harmed: nodes,
      lastsMs: dice.between(200, 4_000),
      async heal() {
        await cluster.mendCalls(
          nodes,
          calls.map((name) => `disable name=${name}`),
        );
        await cluster.listening(nodes);
      },
    };
  },
};
