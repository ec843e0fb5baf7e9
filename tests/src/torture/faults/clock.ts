import type { Fault } from "./fault.ts";

const second = 1;
const day = 24 * 60 * 60;

const jumps: readonly { readonly called: string; readonly seconds: number }[] = [
  { called: "a second", seconds: second },
  { called: "a minute", seconds: 60 * second },
  { called: "an hour", seconds: 3_600 * second },
  { called: "a day", seconds: day },
  { called: "ten years", seconds: 3_652 * day },
];

/**
 * The wall clock jumps, and back. The monotonic clock does not: the kernel promises that it never will, on any machine.
 * What runs fast or slow is the simulator's business.
 */
export const clock: Fault = {
  kind: "clock",
  async strike({ cluster, dice, well }) {
    const { called, seconds } = dice.pick(jumps);
    const ahead = dice.chance(0.5);
    const nodes = dice.chance(0.3) ? well : [dice.pick(well)];
    cluster.setWallClock(nodes, ahead ? seconds : -seconds);
    return {
      what: `the wall clock of node ${nodes.join(", ")} jumps ${called} ${ahead ? "ahead" : "back"}`,
      harmed: [],
      lastsMs: dice.between(1_200, 3_000),
      async heal() {
        cluster.setWallClock(nodes, 0);
      },
    };
  },
};
