import { testMember } from "../harness/settings.ts";
import type { MembershipChange, MembershipStep } from "../membership-change.ts";
import { newcomer } from "./story.ts";

type StepOf = (id: number, argument: string | undefined) => MembershipStep;

/** `learner=4 anew=1 newcomer=5 voter=6 promote=4 demote=2 remove=3 replace=3:4 move=2:elsewhere priority=3:5` */
const steps: Readonly<Record<string, StepOf>> = {
  learner: (id) => ({ kind: "addLearner", member: testMember(id) }),
  anew: (id) => ({ kind: "addLearner", member: newcomer(id) }),
  newcomer: (id) => ({ kind: "addLearner", member: testMember(id), promoteWhenCaughtUp: true }),
  voter: (id) => ({ kind: "addVoter", member: testMember(id) }),
  promote: (id) => ({ kind: "promote", id }),
  demote: (id) => ({ kind: "demote", id }),
  remove: (id) => ({ kind: "remove", id }),
  replace: (id, by) => ({ kind: "replace", id, by: Number(by) }),
  move: (id, address = "") => ({ kind: "moveAddress", id, address }),
  priority: (id, priority) => ({ kind: "setPriority", id, priority: Number(priority) }),
};

/** A change of the membership, from a script's words; `explicit` and `force` are flags. */
export function changeOf(words: readonly string[]): MembershipChange {
  return {
    steps: words.filter((word) => word !== "explicit" && word !== "force").map(stepOf),
    transition: words.includes("explicit") ? "explicit" : "auto",
    ...(words.includes("force") ? { force: true } : {}),
  };
}

function stepOf(word: string): MembershipStep {
  const [name = "", argument = ""] = word.split("=");
  const [id, rest] = argument.split(":");
  const step = steps[name];
  if (step === undefined) throw new Error(`There is no step "${name}".`);
  return step(Number(id), rest);
}
