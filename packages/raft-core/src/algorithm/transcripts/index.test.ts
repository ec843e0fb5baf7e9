import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const folder = new URL("./", import.meta.url);
const text = (file: string) => readFileSync(new URL(file, folder), "utf8");
const files = readdirSync(folder);
const stories = files.filter((file) => file.endsWith(".script.txt")).map((file) => file.replace(".script.txt", ""));

/** The rows of the catalogue of bugs that are about the protocol. */
const protocolRows = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 24, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 49,
];

/** The transcripts of etcd-io/raft. */
const etcdTranscripts = [
  "async_storage_writes",
  "async_storage_writes_append_aba_race",
  "campaign",
  "campaign_learner_must_vote",
  "checkquorum",
  "confchange_disable_validation",
  "confchange_v1_add_single",
  "confchange_v1_remove_leader",
  "confchange_v1_remove_leader_stepdown",
  "confchange_v2_add_double_auto",
  "confchange_v2_add_double_implicit",
  "confchange_v2_add_single_auto",
  "confchange_v2_add_single_explicit",
  "confchange_v2_replace_leader",
  "confchange_v2_replace_leader_stepdown",
  "forget_leader",
  "forget_leader_prevote_checkquorum",
  "forget_leader_read_only_lease_based",
  "heartbeat_resp_recovers_from_probing",
  "lagging_commit",
  "prevote",
  "prevote_checkquorum",
  "probe_and_replicate",
  "replicate_pause",
  "single_node",
  "slow_follower_after_compaction",
  "snapshot_succeed_via_app_resp",
  "snapshot_succeed_via_app_resp_behind",
];

interface Line {
  readonly subject: string;
  readonly stories: readonly string[];
}

/** The lines of the table under a heading: its first cell, and the stories in its last one. */
function linesUnder(heading: string): readonly Line[] {
  const [, section = ""] = text("README.md").split(`## ${heading}\n`);
  const [body = ""] = section.split("\n## ");
  const rows = body.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) => {
    const cells = row.split("|").map((cell) => cell.trim());
    return { subject: cells[1] ?? "", stories: (cells.at(-2) ?? "").split(", ") };
  });
}

/** Whether the story's own comments speak of a row of the catalogue. */
function namesRow(story: string, row: number): boolean {
  const comments = text(`${story}.script.txt`)
    .split("\n")
    .filter((line) => line.startsWith("#"))
    .map((line) => line.slice(1).trim())
    .join(" ");
  return [...comments.matchAll(/\brows? (\d+(?:(?:, | and |, and )\d+)*)/g)].some((match) =>
    (match[1] ?? "").split(/\D+/).includes(String(row)),
  );
}

const byRow = linesUnder("The catalogue of bugs");
const byTranscript = linesUnder("etcd-io/raft");
const others = linesUnder("More stories");

describe("the index of the stories", () => {
  it("has every row of the catalogue that is about the protocol, in order", () => {
    expect(byRow.map(({ subject }) => Number(subject))).toEqual(protocolRows);
  });

  it.each(byRow)("leads from row $subject to stories that name it", ({ subject, stories: named }) => {
    expect(named.filter((story) => !stories.includes(story) || !namesRow(story, Number(subject)))).toEqual([]);
  });

  it("has every transcript of etcd-io/raft", () => {
    expect(byTranscript.map(({ subject }) => subject)).toEqual(etcdTranscripts);
  });

  it.each([...byTranscript, ...others])("leads from $subject to stories that exist", ({ stories: named }) => {
    expect(named.filter((story) => !stories.includes(story))).toEqual([]);
  });

  it("leaves no story out", () => {
    const named = new Set([...byRow, ...byTranscript, ...others].flatMap((line) => line.stories));
    expect(stories.filter((story) => !named.has(story))).toEqual([]);
  });

  it("has a golden file for each of them, and no golden file of a story that is gone", () => {
    const golden = files.filter((file) => file.endsWith(".golden.txt")).map((file) => file.replace(".golden.txt", ""));
    expect(golden).toEqual(stories);
    expect(stories.length).toBeGreaterThanOrEqual(40);
  });

  it("names a story bug-NN after its row", () => {
    for (const story of stories.filter((name) => name.startsWith("bug-"))) {
      const row = String(Number(/^bug-(\d\d)-/.exec(story)?.[1]));
      expect(byRow.find(({ subject }) => subject === row)?.stories).toContain(story);
    }
  });
});
