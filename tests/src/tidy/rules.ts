import { posix } from "node:path";
import { importsOf, type SourceFile } from "./source-tree.ts";

/** Says what is wrong with a file, one line each; nothing where all is well. */
export type Rule = (file: SourceFile) => readonly string[];

const algorithm = "packages/raft-core/src/algorithm/";
const maxLines = 400;

const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.startsWith("tests/");

/** The same inputs must give the same effects: no clock, no chance, no promises, no I/O of its own. */
const pureAlgorithm: Rule = (file) => {
  if (!file.path.startsWith(algorithm) || isTest(file.path)) return [];
  const banned: readonly (readonly [RegExp, string])[] = [
    [/\bDate\.now\b|\bnew Date\b|\bperformance\.now\b/, "reads a clock: time comes in with the tick input"],
    [/\bMath\.random\b/, "draws a random number: use the Random that it was given"],
    [/\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, "starts a timer: time comes in with the tick input"],
    [/\bawait\b|\basync\b|\bPromise\b/, "is asynchronous: hand out an effect instead"],
    [/\bprocess\.|\bconsole\./, "touches the process: hand out an effect instead"],
  ];
  const code = withoutComments(file.text);
  const calls = banned.filter(([pattern]) => pattern.test(code)).map(([, reason]) => reason);
  const imports = importsOf(file).filter((name) => !resolveImport(file, name).startsWith(algorithm));
  return [...calls, ...imports.map((name) => `imports ${name}: the algorithm imports nothing but itself`)];
};

const shortFiles: Rule = (file) => {
  const lines = file.text.split("\n").length - 1;
  return lines > maxLines ? [`has ${lines} lines, more than ${maxLines}: is it one thing?`] : [];
};

const tellingNames: Rule = (file) =>
  /(^|\/)(utils?|helpers?|common|misc|[a-z-]*manager)(\/|[^/]*\.ts$)/.test(file.path)
    ? ["has a name that says nothing: name it after what it does"]
    : [];

const nothingLeftForLater: Rule = (file) =>
  new RegExp(`\\b(${["TO", "FIX"].join("DO|")}ME)\\b`).test(file.text)
    ? ["leaves something for later: do it or drop it"]
    : [];

const typesStayOn: Rule = (file) =>
  /@ts-(ignore|nocheck|expect-error)|\bas any\b|\bas unknown as\b/.test(withoutStrings(file.text))
    ? ["switches types off: parse at the edge instead"]
    : [];

const testsStayOn: Rule = (file) =>
  /\b(it|test|describe)\.(only|todo|fails)\b|\bretry:\s*[1-9]/.test(withoutStrings(file.text))
    ? ["switches tests off or retries them: find the race"]
    : [];

/** Whom each part may import, inner parts first; tests may import whatever they test with. */
const arrows: readonly (readonly [folder: string, allowed: readonly string[]])[] = [
  ["proto/", []],
  ["packages/raft-core/", []],
  // What its tests share; it is built without it.
  ["packages/grpc-stream/src/testing/", ["proto"]],
  ["packages/grpc-stream/", []],
  ["packages/kv-server/", ["proto", "raft-core", "grpc-stream"]],
  ["packages/storage-memory/", ["raft-core", "kv-server"]],
  ["packages/storage-sqlite/", ["raft-core", "kv-server"]],
  ["packages/transport-connect/", ["proto", "raft-core", "grpc-stream"]],
  ["packages/simulator/", ["proto", "raft-core", "kv-server", "kv-client", "grpc-stream", "storage-memory"]],
  ["packages/kv-client/", ["proto", "grpc-stream"]],
  // What needs a data directory is loaded only where it is asked for.
  ["apps/cli/", ["kv-client", "node"]],
];

/** Dependencies point one way: apps, adapters, kv-server, raft-core; and the client knows the wire only. */
const arrowsPointInwards: Rule = (file) => {
  if (isTest(file.path)) return [];
  const allowed = arrows.find(([folder]) => file.path.startsWith(folder))?.[1];
  if (allowed === undefined) return [];
  const own = /^(?:packages|apps)\/([^/]+)\//.exec(file.path)?.[1];
  return importsOf(file)
    .map((name) => /^@raftkv\/([^/]+)/.exec(name)?.[1])
    .filter((name) => name !== undefined && name !== own && !allowed.includes(name))
    .map((name) => `imports @raftkv/${name}, against the direction of dependencies`);
};

/** Time and chance come through ports, but for the files that implement the ports. */
const injectedTimeAndChance: Rule = (file) => {
  const guarded = [
    "packages/raft-core/src/",
    "packages/kv-server/src/",
    "packages/kv-client/src/",
    "packages/simulator/src/",
  ].some((folder) => file.path.startsWith(folder));
  if (!guarded || isTest(file.path) || /\/(system|crypto|real)-[a-z-]+\.ts$/.test(file.path)) return [];
  return /\bDate\.now\b|\bMath\.random\b|\bperformance\.now\b|\bset(Timeout|Interval)\(/.test(
    withoutComments(file.text),
  )
    ? ["uses time or chance of its own: take a Clock or a Random"]
    : [];
};

export const rules: Readonly<Record<string, Rule>> = {
  pureAlgorithm,
  shortFiles,
  tellingNames,
  nothingLeftForLater,
  typesStayOn,
  testsStayOn,
  arrowsPointInwards,
  injectedTimeAndChance,
};

/** Where an import leads, from the root of the repository; a package's name as it is. */
function resolveImport(file: SourceFile, name: string): string {
  return name.startsWith(".") ? posix.join(posix.dirname(file.path), name) : name;
}

function withoutComments(text: string): string {
  return withoutStrings(text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, ""));
}

function withoutStrings(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"/g, '""').replace(/\/(?:[^/\\\n*]|\\.)+\/[a-z]*(?=[.,)\s])/g, "/re/");
}
