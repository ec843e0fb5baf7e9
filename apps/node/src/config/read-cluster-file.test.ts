import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseClusterFile, readClusterFile } from "./read-cluster-file.ts";

const nodes = [
  { id: 1, address: "10.0.0.1:50051" },
  { id: 2, address: "10.0.0.2:50051" },
  { id: 3, address: "10.0.0.3:50051" },
];

const messageFor = (text: string): string => {
  try {
    parseClusterFile("cluster.conf", text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "accepted";
};

describe("cluster.conf", () => {
  it("is accepted as the documentation shows it", () => {
    const file = { nodes, election_timeout: { min: 150, max: 300 } };
    expect(parseClusterFile("cluster.conf", JSON.stringify(file))).toEqual(file);
  });

  it("is accepted with every field", () => {
    const file = {
      nodes: [...nodes, { id: 4, address: "[::1]:50051", priority: 2 }],
      election_timeout: { min: 1000, max: 2000 },
      heartbeat_interval: 200,
      lease_reads: { max_clock_drift: 0.1 },
      write_stall_timeout: 3000,
      storage: "@raftkv/storage-memory",
      snapshot: {
        entries: 10,
        bytes: 1000,
        tail_entries: 5,
        max_bytes_per_second: 65536,
        max_held_log_bytes: 0,
        from_followers: false,
      },
      limits: { max_key_bytes: 100, max_value_bytes: 0 },
    };
    expect(parseClusterFile("cluster.conf", JSON.stringify(file))).toEqual(file);
  });

  const wrongFields: readonly (readonly [object, string])[] = [
    [{}, "nodes: found nothing, expected a list of nodes"],
    [{ nodes: [] }, "nodes: found [], expected at least one node"],
    [{ nodes: { id: 1 } }, 'nodes: found {"id":1}, expected a list of nodes'],
    [{ nodes: [7] }, "nodes[0]: found 7, expected an object"],
    [{ nodes: [nodes[0], { id: 2, address: "10.0.0.2" }] }, 'nodes[1].address: found "10.0.0.2", expected host:port'],
    [{ nodes: [{ id: 2, address: "a:0" }] }, 'nodes[0].address: found "a:0", expected host:port'],
    [{ nodes: [{ id: 2, address: "a:70000" }] }, 'nodes[0].address: found "a:70000", expected host:port'],
    [{ nodes: [{ id: 2 }] }, "nodes[0].address: found nothing, expected host:port"],
    [
      { nodes: [{ id: "1", address: "a:1" }] },
      'nodes[0].id: found "1", expected a whole number from 1 to 9007199254740991',
    ],
    [
      { nodes: [{ id: 0, address: "a:1" }] },
      "nodes[0].id: found 0, expected a whole number from 1 to 9007199254740991",
    ],
    [
      { nodes: [nodes[0], { id: 1, address: "10.0.0.2:50051" }] },
      "nodes[1].id: found 1, expected an id that no other node has",
    ],
    [
      { nodes: [nodes[0], { id: 2, address: "10.0.0.1:50051" }] },
      'nodes[1].address: found "10.0.0.1:50051", expected an address that no other node has',
    ],
    [
      { nodes: [{ ...nodes[0], priority: 101 }] },
      "nodes[0].priority: found 101, expected a whole number from 0 to 100",
    ],
    [{ nodes, nodez: [] }, "nodez: unknown field"],
    [
      { nodes: [{ ...nodes[0], role: "voter", zone: 1 }] },
      "nodes[0].role: unknown field; nodes[0].zone: unknown field",
    ],
    [{ nodes, election_timeout: 150 }, "election_timeout: found 150, expected an object"],
    [
      { nodes, election_timeout: { min: 150 } },
      "election_timeout.max: found nothing, expected a whole number of milliseconds from 10 to 600000",
    ],
    [
      { nodes, election_timeout: { min: 1.5, max: 300 } },
      "election_timeout.min: found 1.5, expected a whole number of milliseconds from 10 to 600000",
    ],
    [
      { nodes, election_timeout: { min: 300, max: 300 } },
      "election_timeout.min: found 300, expected less than election_timeout.max (300)",
    ],
    [
      { nodes, election_timeout: { min: 150, max: 300 }, heartbeat_interval: 75 },
      "heartbeat_interval: found 75, expected less than half of election_timeout.min (150)",
    ],
    [
      { nodes, heartbeat_interval: 150 },
      "heartbeat_interval: found 150, expected less than half of election_timeout.min (300)",
    ],
    [
      { nodes, lease_reads: { max_clock_drift: 0 } },
      "lease_reads.max_clock_drift: found 0, expected a number above 0 and up to 1",
    ],
    [
      { nodes, lease_reads: { max_clock_drift: "5%" } },
      'lease_reads.max_clock_drift: found "5%", expected a number above 0 and up to 1',
    ],
    [{ nodes, lease_reads: true }, "lease_reads: found true, expected an object"],
    [{ nodes, lease_reads: {} }, "lease_reads.max_clock_drift: found nothing, expected a number above 0 and up to 1"],
    [
      { nodes, write_stall_timeout: 0 },
      "write_stall_timeout: found 0, expected a whole number of milliseconds from 10 to 600000",
    ],
    [{ nodes, storage: 5 }, "storage: found 5, expected the name of a package"],
    [{ nodes, snapshot: { entries: 0 } }, "snapshot.entries: found 0, expected a whole number from 1 to 1000000000"],
    [
      { nodes, snapshot: { max_bytes_per_second: 1000 } },
      "snapshot.max_bytes_per_second: found 1000, expected a whole number from 65536 to 9007199254740991",
    ],
    [{ nodes, snapshot: { from_followers: "no" } }, 'snapshot.from_followers: found "no", expected true or false'],
    [{ nodes, snapshot: { everything: true } }, "snapshot.everything: unknown field"],
    [
      { nodes, limits: { max_watches: 10, max_watches_per_stream: 11 } },
      "limits.max_watches_per_stream: found 11, expected at most limits.max_watches (10)",
    ],
    [
      { nodes, limits: { max_watch_bytes: 1000 } },
      "limits.max_watch_bytes: found 1000, expected a whole number from 1048576 to 9007199254740991",
    ],
    [
      { nodes, limits: { max_value_bytes: 1e9 } },
      "limits.max_value_bytes: found 1000000000, expected a whole number from 0 to 4194304",
    ],
    [
      { nodes, heartbeat_interval: "30", storage: "" },
      'heartbeat_interval: found "30", expected a whole number of milliseconds from 1 to 300000; ' +
        'storage: found "", expected the name of a package',
    ],
  ];

  it.each(wrongFields)("%j is refused", (file, expected) => {
    expect(messageFor(JSON.stringify(file))).toBe(`cluster.conf: ${expected}`);
  });

  it.each([
    ["", "line 1, column 1: the text ends too early"],
    ['{\n  "nodes": [],\n}', "line 3, column 1: Expected double-quoted property name"],
    ['{\n "nodes": nodes }', "line 2, column 12: Unexpected token 'o'"],
    ['{\n "nodes": [', "line 2, column 12: the text ends too early"],
    ["[] []", "line 1, column 4: Unexpected non-whitespace character after JSON"],
  ])("%j is not JSON", (text, expected) => {
    expect(messageFor(text)).toBe(`cluster.conf: not JSON: ${expected}`);
  });

  it.each(["[]", "null", '"nodes"'])("%s is not an object", (text) => {
    expect(messageFor(text)).toBe(`cluster.conf: found ${text}, expected an object`);
  });

  it("has to exist", () => {
    const directory = mkdtempSync(join(tmpdir(), "raftkv-"));
    try {
      const path = join(directory, "cluster.conf");
      expect(() => readClusterFile(path)).toThrow(`cannot read the configuration ${path}: ENOENT`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
