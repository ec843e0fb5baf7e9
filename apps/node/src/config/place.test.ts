import { describe, expect, it } from "vitest";
import { formatAddress } from "./address.ts";
import { placeOf, whyUnreachable } from "./place.ts";
import { resolveSettings } from "./settings.ts";

const configured = "10.0.0.1:50051";
const known = "10.0.0.1:7000";
const file = { nodes: [{ id: 1, address: configured }] };

interface Said {
  readonly listen?: string;
  readonly advertise?: string;
  readonly join?: string;
}

/** Where it listens, and where it says that it is; `0` in place of the port that the system picked. */
function place(said: Said, conf: typeof file | undefined, address?: string): readonly [string, string] {
  const settings = resolveSettings({ id: 1, logLevel: "info", logFormat: "json", ...said }, conf, "/");
  const { listen, advertised } = placeOf(settings, 1, address);
  return [formatAddress(listen), advertised(listen.port === 0 ? 4321 : listen.port)];
}

describe("a node that no cluster knows yet", () => {
  it.each([
    ["by default", {}, undefined, "127.0.0.1:50051", "127.0.0.1:50051"],
    ["told to listen", { listen: "10.0.0.9:6000" }, undefined, "10.0.0.9:6000", "10.0.0.9:6000"],
    ["told to listen on any port", { listen: "127.0.0.1:0" }, undefined, "127.0.0.1:0", "127.0.0.1:4321"],
    ["of cluster.conf", {}, file, configured, configured],
    ["of cluster.conf, on all interfaces", { listen: "0.0.0.0:50051" }, file, "0.0.0.0:50051", configured],
    ["told both", { listen: "[::]:1", advertise: "10.0.0.9:2" }, file, "[::]:1", "10.0.0.9:2"],
    ["told where it is", { advertise: "10.0.0.9:2" }, file, "10.0.0.9:2", "10.0.0.9:2"],
  ])("%s", (_, said, conf, listen, advertised) => {
    expect(place(said, conf)).toEqual([listen, advertised]);
  });

  it("is told off where it would join a cluster that cannot reach it", () => {
    const join = "10.0.0.1:50051";
    expect(() => place({ listen: "0.0.0.0:50051", join }, undefined)).toThrow(/say where they can, with --advertise/);
    expect(place({ listen: "0.0.0.0:1", advertise: "10.0.0.9:1", join }, undefined)[1]).toBe("10.0.0.9:1");
  });
});

it.each([
  ["0.0.0.0:50051", true],
  ["[::]:50051", true],
  ["10.0.0.1:50051", false],
  ["node-1:50051", false],
])("at %s others cannot reach a node: %s", (address, isUnreachable) => {
  expect(whyUnreachable(address) !== undefined).toBe(isUnreachable);
});

describe("a node that the cluster knows", () => {
  it.each([
    ["is there, with nothing said", {}, undefined, known, known],
    ["is there, whatever cluster.conf says", {}, file, known, known],
    ["is there, wherever it listens, if cluster.conf has it", { listen: "0.0.0.0:1" }, file, "0.0.0.0:1", known],
    ["is there, if it listens everywhere", { listen: "0.0.0.0:1" }, undefined, "0.0.0.0:1", known],
    ["has moved, if it was told to listen elsewhere", { listen: "10.0.0.2:1" }, undefined, "10.0.0.2:1", "10.0.0.2:1"],
    ["has moved, if it was told so", { advertise: "10.0.0.2:1" }, file, "10.0.0.2:1", "10.0.0.2:1"],
  ])("%s", (_, said, conf, listen, advertised) => {
    expect(place(said, conf, known)).toEqual([listen, advertised]);
  });
});
