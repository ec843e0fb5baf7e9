import { defaultRaftNodeConfig } from "@raftkv/raft-core";
import { z } from "zod";
import { parseAddress } from "./address.ts";

const wholeNumber = (min: number, max: number, what = "a whole number") =>
  z.custom<number>((value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max, {
    error: `${what} from ${min} to ${max}`,
  });

const milliseconds = (min: number, max: number) => wholeNumber(min, max, "a whole number of milliseconds");

const address = z.custom<string>((value) => typeof value === "string" && (parseAddress(value)?.port ?? 0) !== 0, {
  error: "host:port",
});

const strictObject = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, { error: (issue) => (issue.code === "invalid_type" ? "an object" : undefined) });

const checkInterval = z.custom<number>(
  (value) => value === 0 || (Number.isSafeInteger(value) && Number(value) >= 60_000 && Number(value) <= 10_000_000_000),
  { error: "a whole number of milliseconds from 60000 to 10000000000, or 0 for never" },
);

const KIB = 1024;
const MIB = 1024 * KIB;

/** The largest key and value that can be allowed: an entry with both still fits into a message between nodes. */
const maxKeyBytes = 64 * KIB;
const maxValueBytes = 4 * MIB;

const clockDrift = "a number above 0 and up to 1";
const node = strictObject({
  id: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  address,
  priority: wholeNumber(0, 100).optional(),
});

/** What cluster.conf holds. Times are milliseconds, sizes bytes. */
export const clusterFileSchema = strictObject({
  nodes: z.array(node, { error: "a list of nodes" }).min(1, { error: "at least one node" }),
  election_timeout: strictObject({ min: milliseconds(10, 600_000), max: milliseconds(10, 600_000) }).optional(),
  heartbeat_interval: milliseconds(1, 300_000).optional(),
  lease_reads: strictObject({
    max_clock_drift: z.number({ error: clockDrift }).gt(0, { error: clockDrift }).lte(1, { error: clockDrift }),
  }).optional(),
  write_stall_timeout: milliseconds(10, 600_000).optional(),
  storage: z.string({ error: "the name of a package" }).min(1, { error: "the name of a package" }).optional(),
  snapshot: strictObject({
    entries: wholeNumber(1, 1_000_000_000).optional(),
    bytes: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
    tail_entries: wholeNumber(0, 1_000_000_000).optional(),
    max_bytes_per_second: wholeNumber(64 * KIB, Number.MAX_SAFE_INTEGER).optional(),
    max_held_log_bytes: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
    from_followers: z.boolean({ error: "true or false" }).optional(),
  }).optional(),
  history: strictObject({
    max_age: milliseconds(1_000, 10_000_000_000).optional(),
    max_revisions: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  }).optional(),
  quota_bytes: wholeNumber(MIB, Number.MAX_SAFE_INTEGER).optional(),
  check_interval: checkInterval.optional(),
  limits: strictObject({
    max_key_bytes: wholeNumber(1, maxKeyBytes).optional(),
    max_value_bytes: wholeNumber(0, maxValueBytes).optional(),
    max_transaction_steps: wholeNumber(1, 10_000).optional(),
    max_transaction_comparisons: wholeNumber(1, 10_000).optional(),
    max_transaction_depth: wholeNumber(1, 16).optional(),
    max_watches: wholeNumber(1, 10_000_000).optional(),
    max_watches_per_stream: wholeNumber(1, 10_000_000).optional(),
    max_watch_bytes: wholeNumber(MIB, Number.MAX_SAFE_INTEGER).optional(),
    max_watch_bytes_per_stream: wholeNumber(64 * KIB, Number.MAX_SAFE_INTEGER).optional(),
    max_lock_calls: wholeNumber(1, 1_000_000).optional(),
  }).optional(),
}).superRefine((file, context) => {
  for (const issue of contradictions(file)) {
    context.addIssue({ code: "custom", path: [...issue.path], message: issue.expected });
  }
});

export type ClusterFile = z.infer<typeof clusterFileSchema>;

interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly expected: string;
}

interface Limits {
  readonly max_watches?: number | undefined;
  readonly max_watches_per_stream?: number | undefined;
  readonly max_watch_bytes?: number | undefined;
  readonly max_watch_bytes_per_stream?: number | undefined;
}

interface Fields {
  readonly nodes: readonly { readonly id: number; readonly address: string }[];
  readonly election_timeout?: { readonly min: number; readonly max: number } | undefined;
  readonly heartbeat_interval?: number | undefined;
  readonly limits?: Limits | undefined;
}

/** What each field allows for itself, but not together with the others. */
function* contradictions({ nodes, election_timeout: timeout, heartbeat_interval: heartbeat, limits = {} }: Fields) {
  yield* repeated(nodes, "id");
  yield* repeated(nodes, "address");
  if (timeout !== undefined && timeout.min >= timeout.max) {
    yield { path: ["election_timeout", "min"], expected: `less than election_timeout.max (${timeout.max})` };
  }
  const electionMin = timeout?.min ?? defaultRaftNodeConfig.electionTimeoutMinMs;
  if (heartbeat !== undefined && heartbeat * 2 >= electionMin) {
    yield { path: ["heartbeat_interval"], expected: `less than half of election_timeout.min (${electionMin})` };
  }
  for (const what of ["max_watches", "max_watch_bytes"] as const) {
    const [all, ofOne] = [limits[what], limits[`${what}_per_stream`]];
    if (all === undefined || ofOne === undefined || ofOne <= all) continue;
    yield { path: ["limits", `${what}_per_stream`], expected: `at most limits.${what} (${all})` };
  }
}

function* repeated(nodes: Fields["nodes"], field: "id" | "address"): Iterable<Contradiction> {
  const seen = new Set<number | string>();
  for (const [position, node] of nodes.entries()) {
    const value = node[field];
    if (seen.has(value)) yield { path: ["nodes", position, field], expected: `an ${field} that no other node has` };
    seen.add(value);
  }
}
