import type { TestConfig } from "../harness/settings.ts";
import { changeOf } from "./change-words.ts";
import { Story } from "./story.ts";

/** The settings that a script may name in its `cluster` line. */
const settings = {
  heartbeat: "heartbeatIntervalMs",
  inflight: "maxInflightMessages",
  "inflight-bytes": "maxInflightBytes",
  append: "maxAppendBytes",
  uncommitted: "maxUncommittedBytes",
  cache: "maxCachedBytes",
  entry: "maxEntryBytes",
  drift: "maxClockDrift",
} as const satisfies Record<string, keyof TestConfig>;
/** Settings that are on when they are 1. */
const switches = { sources: "snapshotsFromFollowers" } as const satisfies Record<string, keyof TestConfig>;

type Command = (story: Story, args: readonly string[]) => void;

/**
 * A script has one command a line. `#` begins a comment, which is part of the story.
 *
 *     cluster 3 learners=1 spares=1 inflight=2  three voters, a learner (node 4), and a node 5 that is no member yet
 *     given 2 terms 1 1 4 [term 5] [commit 2]   node 2 starts with such a log; without terms, with its own
 *     campaign 1 | tick 1 150 | tick all 50 | pass 300
 *     moved 2 3 40                              node 2 has sent 40 of the 100 bytes of a snapshot to node 3
 *     broken 2->3 60                            the sending of that snapshot breaks off after 60 bytes
 *     stall 1 200 | suspend 1                   its clock moves on, and nothing else; or its clock has stood still
 *     lease 1                                   what it may read without asking; the cluster has `drift=0.25`, say
 *     watch 1 300                               it leads on: ticks of 50 ms, each with all that comes of it
 *     pause 1 400                               its process stood still for so long
 *     propose 1 x y | read 1 | cancel 1 7 | transfer 1 2 | unreachable 1 2 | forget 2
 *     change 1 promote=4 replace=3:5 [explicit] [force] | leave 1 | membership 1
 *     deliver 1->2 [3] | drop 1->2 [2] | drop all | stabilize | isolate 3 | cut 1->3 | heal | network
 *     keep 1->2 as late | release late | arrive 1->3 unreported | fail 1->3
 *     disk 2 slow | persist 2 [1] | disk 2 fast | crash 2 | restart 2 | wipe 2 | compact 1 4
 *     status [1] | log 1 | quiet | loud
 */
const commands: Readonly<Record<string, Command>> = {
  cluster: (story, [voters, ...options]) => {
    const named = new Map(options.map((option) => parseOption(option)));
    const learners = named.get("learners") ?? 0;
    const spares = named.get("spares") ?? 0;
    named.delete("learners");
    named.delete("spares");
    story.form(numberOf(voters), learners, spares, overridesOf(named));
  },
  given: (story, [id, ...rest]) => {
    const terms = numbersAfter("terms", rest);
    const [term = terms.at(-1) ?? 0] = numbersAfter("term", rest);
    const [commit = 0] = numbersAfter("commit", rest);
    story.give(numberOf(id), terms, term, commit);
  },
  campaign: (story, [id]) => story.input(numberOf(id), { kind: "campaign" }),
  tick: (story, [id, ms]) => {
    if (id === "all") story.tickAll(numberOf(ms));
    else story.tick(numberOf(id), numberOf(ms));
  },
  watch: (story, [id, ms]) => story.watch(numberOf(id), numberOf(ms)),
  pass: (story, [ms]) => story.pass(numberOf(ms)),
  propose: (story, [id, ...texts]) => {
    const payloads = texts.map((text) => new TextEncoder().encode(text));
    story.input(numberOf(id), { kind: "propose", id: story.freshId(), payloads });
  },
  lease: (story, [id]) => story.lease(numberOf(id)),
  stall: (story, [id, ms]) => story.stall(numberOf(id), numberOf(ms)),
  suspend: (story, [id]) => story.input(numberOf(id), { kind: "suspended" }),
  read: (story, [id, count]) => {
    const reads = Array.from({ length: count === undefined ? 1 : numberOf(count) }, () => story.freshId());
    story.input(numberOf(id), ...reads.map((read) => ({ kind: "readIndex", id: read }) as const));
  },
  cancel: (story, [id, read]) => story.input(numberOf(id), { kind: "cancelRead", id: numberOf(read) }),
  transfer: (story, [id, name]) => {
    const to = name === undefined ? undefined : numberOf(name);
    story.input(numberOf(id), { kind: "transferLeadership", id: story.freshTransfer(), to });
  },
  forget: (story, [id]) => story.input(numberOf(id), { kind: "forgetLeader" }),
  pause: (story, [id, ms]) => story.pause(numberOf(id), numberOf(ms)),
  change: (story, [id, ...words]) => {
    story.input(numberOf(id), { kind: "changeMembership", id: story.freshId(), change: changeOf(words) });
  },
  leave: (story, [id]) => story.input(numberOf(id), { kind: "leaveJoint", id: story.freshId() }),
  membership: (story, [id]) => story.membership(numberOf(id)),
  broken: (story, [link, bytes]) => story.breakOff(...linkOf(link), numberOf(bytes)),
  moved: (story, [id, to, bytes]) => story.moved(numberOf(id), numberOf(to), numberOf(bytes)),
  unreachable: (story, [id, peer]) => story.input(numberOf(id), { kind: "unreachable", peer: numberOf(peer) }),
  deliver: (story, [link, count]) => story.deliver(...linkOf(link), count === undefined ? 1 : numberOf(count)),
  drop: (story, [link, count]) => {
    if (link === "all") story.dropAll();
    else story.drop(...linkOf(link), count === undefined ? 1 : numberOf(count));
  },
  keep: (story, [link, , name]) => story.keep(...linkOf(link), wordOf(name)),
  release: (story, [name]) => story.release(wordOf(name)),
  stabilize: (story) => story.stabilize(),
  arrive: (story, [link]) => story.arriveUnreported(...linkOf(link)),
  fail: (story, [link]) => story.snapshotFailed(...linkOf(link)),
  isolate: (story, [id]) => story.isolate(numberOf(id)),
  cut: (story, [link]) => story.cut(...linkOf(link)),
  heal: (story) => story.heal(),
  network: (story) => story.showNetwork(),
  disk: (story, [id, speed]) => story.setDisk(numberOf(id), speed === "fast"),
  persist: (story, [id, count]) => story.persist(numberOf(id), count === undefined ? 1_000 : numberOf(count)),
  crash: (story, [id]) => story.crash(numberOf(id)),
  wipe: (story, [id]) => story.wipe(numberOf(id)),
  restart: (story, [id]) => story.restart(numberOf(id)),
  compact: (story, [id, through]) => story.compact(numberOf(id), numberOf(through)),
  status: (story, [id]) => (id === undefined ? story.statusAll() : story.status(numberOf(id))),
  log: (story, [id]) => story.log(numberOf(id)),
  quiet: (story) => story.setQuiet(true),
  loud: (story) => story.setQuiet(false),
};

/** Plays a script; answers the script's own lines, each with what came of it. */
export function playScript(script: string): string {
  const story = new Story();
  for (const [position, line] of script.trimEnd().split("\n").entries()) {
    story.quote(line);
    const [name, ...args] = line.split("#")[0]?.trim().split(/\s+/) ?? [];
    if (name === undefined || name === "") continue;
    const command = commands[name];
    if (command === undefined) throw new Error(`Line ${position + 1}: there is no command "${name}".`);
    command(story, args);
  }
  return story.text();
}

/** The numbers that follow a keyword, up to the next one. */
function numbersAfter(keyword: string, args: readonly string[]): readonly number[] {
  const position = args.indexOf(keyword);
  if (position === -1) return [];
  const rest = args.slice(position + 1);
  const end = rest.findIndex((word) => Number.isNaN(Number(word)));
  return rest.slice(0, end === -1 ? undefined : end).map(numberOf);
}

function parseOption(option: string): [string, number] {
  const [name, value] = option.split("=");
  return [wordOf(name), numberOf(value)];
}

function overridesOf(named: ReadonlyMap<string, number>): Partial<TestConfig> {
  const known = Object.entries(settings).flatMap(([name, key]) => {
    const value = named.get(name);
    return value === undefined ? [] : [[key, value] as const];
  });
  const switched = Object.entries(switches).flatMap(([name, key]) => {
    const value = named.get(name);
    return value === undefined ? [] : [[key, value === 1] as const];
  });
  if (known.length + switched.length < named.size) {
    throw new Error(`Settings are ${[...Object.keys(settings), ...Object.keys(switches)].join(", ")}.`);
  }
  return Object.fromEntries([...known, ...switched]);
}

function linkOf(text: string | undefined): [number, number] {
  const [from, to] = wordOf(text).split("->");
  return [numberOf(from), numberOf(to)];
}

function numberOf(text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || !Number.isFinite(value)) throw new Error(`A number was expected, not ${text}.`);
  return value;
}

function wordOf(text: string | undefined): string {
  if (text === undefined) throw new Error("A word is missing.");
  return text;
}
