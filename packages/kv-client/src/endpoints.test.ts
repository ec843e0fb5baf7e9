import { describe, expect, it } from "vitest";
import { parseEndpoint } from "./endpoint.ts";
import { Endpoints } from "./endpoints.ts";
import { RaftKv } from "./raft-kv.ts";

describe("an endpoint", () => {
  it.each([
    ["127.0.0.1:50051", "127.0.0.1:50051"],
    ["http://db.example:1/", "db.example:1"],
    ["[::1]:50051", "[::1]:50051"],
    ["LOCALHOST:65535", "localhost:65535"],
  ])("%s is read as %s", (endpoint, address) => expect(parseEndpoint(endpoint)).toBe(address));

  it.each(["", "localhost", "localhost:0", "localhost:65536", "https://a:1", "http://a:1/path", "a b:1", "::1:50051"])(
    "%s is refused, with what was found",
    (endpoint) =>
      expect(() => parseEndpoint(endpoint)).toThrowError(
        expect.objectContaining({
          code: "INVALID_ARGUMENT",
          message: expect.stringContaining(JSON.stringify(endpoint)),
        }),
      ),
  );
});

describe("the endpoints", () => {
  it("come in turn, the learned ones after the configured, from a start that chance picks", () => {
    const endpoints = new Endpoints(["a:1", "b:1"], () => 0.5);
    endpoints.membersAre(["a:1", "c:1", "nonsense"]);
    expect([1, 2, 3, 4].map(() => endpoints.next())).toEqual(["b:1", "c:1", "a:1", "b:1"]);
  });

  it("give the leader until it fails, and take a failed one for the leader again only after a success", () => {
    const endpoints = new Endpoints(["a:1", "b:1"], () => 0);
    expect(endpoints.leaderIs("l:1")).toBe(true);
    expect([endpoints.next(), endpoints.next()]).toEqual(["l:1", "l:1"]);
    endpoints.failed("l:1");
    expect(endpoints.next()).toBe("a:1");
    expect(endpoints.leaderIs("l:1")).toBe(false);
    expect(endpoints.next()).toBe("b:1");
    endpoints.served();
    expect(endpoints.leaderIs("l:1")).toBe(true);
  });
});

describe("the options", () => {
  it.each([
    [{ endpoints: [] }, "endpoints"],
    [{ endpoints: ["a:1"], timeoutMs: Number.NaN }, "timeoutMs is NaN"],
    [{ endpoints: ["a:1"], sessionTtlMs: 10 }, "sessionTtlMs is 10"],
    [{ endpoints: ["a:1"], maxInflightBatches: 1.5 }, "maxInflightBatches is 1.5"],
  ])("%j are refused with the field and the value", (options, message) => {
    expect(() => new RaftKv(options)).toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) }),
    );
  });
});

it("comes to each endpoint in its turn, however often what is known of the members changes", () => {
  const addresses = Array.from({ length: 6 }, (_, i) => `10.0.0.${i + 1}:1`);
  for (let first = 0; first < 6; first++) {
    for (let second = 0; second < 6; second++) {
      for (const [few, many] of [
        [3, 4],
        [4, 6],
        [5, 6],
      ] as const) {
        const endpoints = new Endpoints([addresses[first] ?? "", addresses[second] ?? ""], () => 0);
        const members = (count: number) => [...addresses.slice(6 - count), addresses[0] ?? ""];
        const tried = new Set<string>();
        for (let round = 0; round < 14; round++) {
          endpoints.membersAre(members(round % 2 === 0 ? few : many));
          tried.add(endpoints.next());
        }
        for (const address of members(few)) {
          expect(tried, `${first} ${second} ${few} ${many}`).toContain(address);
        }
      }
    }
  }
});

it("comes back to the endpoint that it was given, whatever nodes say that name only each other", () => {
  for (const stale of [2, 3, 70, 1_000]) {
    const endpoints = new Endpoints(["given:1"], () => 0);
    const nameOf = (node: number) => `10.0.${Math.floor(node / 250)}.${node % 250}:1`;
    endpoints.next();
    let triesOfGiven = 0;
    for (let round = 0; round < 2_000; round++) {
      endpoints.membersAre([nameOf(round % stale)]);
      if (endpoints.next() === "given:1") triesOfGiven++;
    }
    expect(triesOfGiven, `${stale} stale nodes`).toBeGreaterThan(1);
  }
});
