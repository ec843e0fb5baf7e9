import type { Fault } from "./fault.ts";
import { chooseVictims } from "./victims.ts";

/** System calls that fail, by the names that libfiu gives them, and the error number. */
interface Failing {
  readonly what: string;
  readonly calls: readonly string[];
  readonly errorNumber: number;
}

const EIO = 5;
const ENOSPC = 28;

const failing: readonly Failing[] = [
  { what: "every sync fails", calls: ["posix/io/sync/fsync", "posix/io/sync/fdatasync"], errorNumber: EIO },
  { what: "every write fails", calls: ["posix/io/rw/pwrite"], errorNumber: EIO },
  { what: "every write finds no space", calls: ["posix/io/rw/pwrite"], errorNumber: ENOSPC },
  { what: "every read fails", calls: ["posix/io/rw/pread"], errorNumber: EIO },
];

/** The disk gives errors: all calls of a kind, or some of them by chance. A node that stops is started again all the same. */
export const ioError: Fault = {
  kind: "io-error",
  async strike(target) {
    const { cluster, dice } = target;
    const { nodes, called } = chooseVictims(target);
    const { what, calls, errorNumber } = dice.pick(failing);
    const percent = dice.pick([100, 100, 30, 5]);
    const command = percent === 100 ? "enable" : "enable_random";
    const share = percent === 100 ? "" : `,probability=${percent / 100}`;
    await cluster.failCalls(nodes, calls.map((name) => `${command} name=${name},failinfo=${errorNumber}${share}`));
    return {
      what: `${what.replace("every", percent === 100 ? "every" : `${percent} % of`)}, on ${called}`,
      harmed: nodes,
      lastsMs: dice.between(200, 4_000),
      async heal() {
        await cluster.mendCalls(nodes, calls.map((name) => `disable name=${name}`));
        await cluster.listening(nodes);
      },
    };
  },
};
