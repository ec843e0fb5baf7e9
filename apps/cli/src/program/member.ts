import { Argument, type Command, Option } from "commander";
import { type AddOptions, add } from "../commands/member/add.ts";
import type { ChangeOptions } from "../commands/member/change-one.ts";
import { demoteMember } from "../commands/member/demote.ts";
import { leaveJoint } from "../commands/member/leave-joint.ts";
import { listMembers } from "../commands/member/list.ts";
import { moveMember } from "../commands/member/move.ts";
import { setPriority } from "../commands/member/priority.ts";
import { promoteMember } from "../commands/member/promote.ts";
import { removeMember } from "../commands/member/remove.ts";
import { type ReplaceOptions, replace } from "../commands/member/replace.ts";
import { parseAddress, parseNodeId, parsePriority, parseTimeout } from "../options.ts";
import { examples } from "./examples.ts";

/** `raftkv member …`. */
export function addMemberCommands(program: Command): void {
  const member = program
    .command("member")
    .description("see and change who takes part in the cluster")
    .addHelpText(
      "after",
      examples(
        "raftkv member list",
        "raftkv member add 10.0.0.4:50051          a new voter",
        "raftkv member replace 3 10.0.0.4:50051    a new node in the place of node 3",
        "raftkv member remove 3",
      ),
    );
  addList(member);
  addAdd(member);
  addReplace(member);
  addRemove(member);
  addPromoteAndDemote(member);
  addMoveAndPriority(member);
  addLeaveJoint(member);
}

const nodeId = (description: string): Argument => new Argument("<id>", description).argParser(parseNodeId);
const address = (description: string): Argument => new Argument("<address>", description).argParser(parseAddress);
const force = (): Option =>
  new Option(
    "--force",
    "make the change even if the voters that are alive are no quorum of what it leads to; if the others do not come back, " +
      "the cluster serves no writes any more",
  );
const yes = (): Option => new Option("--yes", "do not ask; needed where standard input is no terminal");
const stallTimeout = (): Option =>
  new Option("--stall-timeout <time>", "give up once the node has made no progress for so long")
    .argParser(parseTimeout)
    .default(120_000, "120000");

function addList(member: Command): void {
  member
    .command("list")
    .description("print the members as the leader has them")
    .addHelpText("after", examples("raftkv member list", "raftkv member list --output json"))
    .action((_: object, command: Command) => listMembers(command.optsWithGlobals()));
}

function addAdd(member: Command): void {
  member
    .command("add")
    .description("add a node that waits to be added (raftkv-node --join); it becomes a voter once it has caught up")
    .addArgument(address("where the node listens, as the others reach it"))
    .addOption(new Option("--learner", "it stays a learner: it gets the log and has no vote"))
    .addOption(
      new Option("--voter", "it votes at once; until it has caught up, it is a voter that is missing").conflicts(
        "learner",
      ),
    )
    .addOption(
      new Option("--priority <n>", "preferred as leader, the higher, up to 100")
        .argParser(parsePriority)
        .default(0, "0"),
    )
    .option("--wait", "wait until it has caught up (the default)")
    .option("--no-wait", "do not wait: the cluster goes on by itself")
    .addOption(stallTimeout())
    .addOption(force())
    .addOption(yes())
    .addHelpText(
      "after",
      examples(
        "raftkv member add 10.0.0.4:50051",
        "raftkv member add 10.0.0.4:50051 --learner    a copy that serves reads",
        "raftkv member add 10.0.0.4:50051 --no-wait    and watch it with raftkv status",
      ),
    )
    .action((to: string, _: object, command: Command) => add(to, command.optsWithGlobals<AddOptions>()));
}

function addReplace(member: Command): void {
  member
    .command("replace")
    .description(
      "put a new node in the place of a voter, which may be dead: add it as a learner, wait until it has caught up, swap " +
        "the two in one change. Ctrl-C before the swap undoes it; the same command again goes on where things stand",
    )
    .addArgument(nodeId("the voter that goes"))
    .addArgument(address("where the new node listens (raftkv-node --join)"))
    .addOption(stallTimeout())
    .addOption(force())
    .addOption(yes())
    .addHelpText("after", examples("raftkv member replace 3 10.0.0.4:50051"))
    .action((id: number, by: string, _: object, command: Command) =>
      replace(id, by, command.optsWithGlobals<ReplaceOptions>()),
    );
}

function addRemove(member: Command): void {
  member
    .command("remove")
    .description("remove a member; asks first on a terminal")
    .addArgument(nodeId("the member"))
    .addOption(force())
    .addOption(yes())
    .addHelpText("after", examples("raftkv member remove 3", "raftkv member remove 3 --yes"))
    .action((id: number, _: object, command: Command) => removeMember(id, command.optsWithGlobals<ChangeOptions>()));
}

function addPromoteAndDemote(member: Command): void {
  member
    .command("promote")
    .description("make a learner a voter")
    .addArgument(nodeId("the learner"))
    .addOption(force())
    .addOption(yes())
    .addHelpText("after", examples("raftkv member promote 4"))
    .action((id: number, _: object, command: Command) => promoteMember(id, command.optsWithGlobals<ChangeOptions>()));

  member
    .command("demote")
    .description("make a voter a learner")
    .addArgument(nodeId("the voter"))
    .addOption(force())
    .addOption(yes())
    .addHelpText("after", examples("raftkv member demote 3"))
    .action((id: number, _: object, command: Command) => demoteMember(id, command.optsWithGlobals<ChangeOptions>()));
}

function addMoveAndPriority(member: Command): void {
  member
    .command("move")
    .description("tell the cluster that a node, with its data, is at another address")
    .addArgument(nodeId("the member"))
    .addArgument(address("where it is now"))
    .addHelpText("after", examples("raftkv member move 3 10.0.0.9:50051"))
    .action((id: number, to: string, _: object, command: Command) =>
      moveMember(id, to, command.optsWithGlobals<ChangeOptions>()),
    );

  member
    .command("priority")
    .description("prefer a voter as leader: of those that could lead, the one with the highest priority")
    .addArgument(nodeId("the member"))
    .addArgument(new Argument("<n>", "0 to 100; 0 unless it was set").argParser(parsePriority))
    .addHelpText("after", examples("raftkv member priority 1 10"))
    .action((id: number, priority: number, _: object, command: Command) =>
      setPriority(id, priority, command.optsWithGlobals<ChangeOptions>()),
    );
}

function addLeaveJoint(member: Command): void {
  member
    .command("leave-joint")
    .description("leave a joint membership that stays until it is left, as a client can ask for")
    .addHelpText("after", examples("raftkv member leave-joint"))
    .action((_: object, command: Command) => leaveJoint(command.optsWithGlobals()));
}
