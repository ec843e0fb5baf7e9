import { type CampaignResponse, ErrorCode, type Leadership, type ObserveResponse } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { bytes, compact, put } from "../../test-rig/command-log.ts";
import { revokeLease } from "../../test-rig/lease-operations.ts";
import { type Asking, asking, keysOf, lockRig, propose, settle, statesOf } from "../../test-rig/lock-rig.ts";
import { failureOfCall, type ServiceRig } from "../../test-rig/service-rig.ts";
import { serviceContext } from "../service-context.ts";
import { ChangeWaits } from "./change-waits.ts";
import { leadersOf } from "./leaders.ts";

const job = { case: "nameText", value: "job" } as const;
const text = (value: string) => ({ case: "valueText", value }) as const;

const campaign = (rig: ServiceRig, lease: number, value = `v${lease}`): Promise<Asking<CampaignResponse>> =>
  asking((call) => rig.elections.campaign({ nameForm: job, valueForm: text(value), leaseId: BigInt(lease) }, call));

const leadershipOf = async ({ answer }: Asking<CampaignResponse>): Promise<Leadership> => {
  const { leadership } = await answer;
  if (leadership === undefined) throw new Error("the answer to the campaign has no leadership");
  return leadership;
};

const leader = async ({ elections }: ServiceRig): Promise<string | undefined> =>
  (await elections.leader({ nameForm: job })).entry?.valueText;

/** What an observer is told; `more` is false after it ended. */
function observer({ elections }: ServiceRig) {
  const canceled = new AbortController();
  const told: string[] = [];
  const tell = ({ entry, revision }: ObserveResponse) => told.push(`${revision} ${entry?.valueText ?? "nobody"}`);
  const failed = (async () => {
    for await (const response of elections.observe({ nameForm: job }, { signal: canceled.signal })) tell(response);
  })();
  failed.catch(() => undefined);
  return { told, failed, cancel: () => canceled.abort() };
}

describe("an election", () => {
  test("is won by whoever campaigned first, then by the others in their order, each with its value", async () => {
    const rig = await lockRig();
    expect(await leader(rig)).toBeUndefined();
    const candidates = [await campaign(rig, 5), await campaign(rig, 2), await campaign(rig, 9)];
    expect(statesOf(candidates)).toEqual(["holds", "waits", "waits"]);
    expect(await leader(rig)).toBe("v5");
    const first = await leadershipOf(await campaign(rig, 5));
    expect(first).toMatchObject({ keyText: "job/5", key: new Uint8Array(bytes("job/5")) });
    expect(await rig.elections.resign({ leadership: first })).toMatchObject({ resigned: true });
    await settle();
    expect(statesOf(candidates)).toEqual(["holds", "holds", "waits"]);
    expect(await rig.elections.resign({ leadership: first })).toMatchObject({ resigned: false });
    expect(await leader(rig)).toBe("v2");
    await propose(rig, revokeLease(2));
    expect(statesOf(candidates)).toEqual(["holds", "holds", "holds"]);
    const last = candidates[2] && (await leadershipOf(candidates[2]));
    expect(last?.token).toBeGreaterThan(first.token);
  });

  test("is led with a fence, and by proclaiming, as long as it is not lost: the lease stays that of the campaign", async () => {
    const rig = await lockRig();
    const leadership = await leadershipOf(await campaign(rig, 1));
    await campaign(rig, 2);
    const { key, token } = leadership;
    await rig.elections.proclaim({ leadership, valueForm: text("another") });
    expect((await rig.elections.leader({ nameForm: job })).entry).toMatchObject({
      valueText: "another",
      leaseId: 1n,
      createRevision: token,
    });
    const write = { keyForm: { case: "keyText", value: "a" }, valueForm: text("1"), fence: { key, token } } as const;
    await rig.kv.put(write);
    await propose(rig, revokeLease(1));
    for (const late of [rig.elections.proclaim({ leadership, valueForm: text("late") }), rig.kv.put(write)]) {
      expect((await failureOfCall(late)).detail.code).toBe(ErrorCode.FENCED);
    }
    expect(await leader(rig)).toBe("v2");
  });

  test("has one place for a lease, and the value that was said last", async () => {
    const rig = await lockRig();
    const holder = await campaign(rig, 1);
    const [before, after] = [await campaign(rig, 2, "before"), await campaign(rig, 2, "after")];
    expect(await keysOf(rig)).toEqual(["job/1", "job/2"]);
    await rig.elections.resign({ leadership: await leadershipOf(holder) });
    await settle();
    expect(await leader(rig)).toBe("after");
    expect((await before.answer).leadership?.token).toBe((await after.answer).leadership?.token);
  });

  test("is given up by a candidate that goes, and stands in the same queue as the lock of that name", async () => {
    const rig = await lockRig();
    const holder = await asking((call) => rig.locks.lock({ nameForm: job, leaseId: 1n }, call));
    const [gone, next] = [await campaign(rig, 2), await campaign(rig, 3)];
    gone.cancel();
    await settle();
    expect(await keysOf(rig)).toEqual(["job/1", "job/3"]);
    await rig.locks.unlock({ keyForm: { case: "key", value: (await holder.answer).key } });
    await settle();
    expect(statesOf([gone, next])).toEqual(["failed", "holds"]);
  });

  test("is waited for and observed by so many calls, and no more", async () => {
    const rig = await lockRig({ limits: { maxLockWaits: 3 } });
    await campaign(rig, 1);
    const [observing, waiter] = [observer(rig), await campaign(rig, 2)];
    await settle();
    const third = await asking((call) => rig.locks.lock({ nameForm: job, leaseId: 3n }, call));
    expect(statesOf([waiter, third])).toEqual(["waits", "waits"]);
    expect(await rig.cluster.status({})).toMatchObject({ leases: 9n, watches: 3n, lockCalls: 3n, sessions: 0n });
    expect((await failureOfCall((await campaign(rig, 4)).answer)).detail.code).toBe(ErrorCode.RESOURCE_EXHAUSTED);
    const refused = observer(rig);
    expect((await failureOfCall(refused.failed)).detail.code).toBe(ErrorCode.RESOURCE_EXHAUSTED);
    observing.cancel();
    await settle();
    expect((await campaign(rig, 4)).state).toBe("waits");
  });

  test("that makes no sense is refused", async () => {
    const { elections } = await lockRig();
    const leadership = { key: bytes("job/1") };
    const calls = [
      elections.campaign({ valueForm: text(""), leaseId: 1n }),
      elections.campaign({ nameForm: job, leaseId: 1n }),
      elections.campaign({ nameForm: job, valueForm: text("") }),
      elections.proclaim({ valueForm: text("") }),
      elections.proclaim({ leadership, valueForm: text("") }),
      elections.proclaim({ leadership: { ...leadership, token: 1n } }),
      elections.leader({}),
      elections.resign({ leadership: { token: 1n } }),
      (async () => {
        for await (const _ of elections.observe({})) return;
      })(),
    ];
    for (const call of calls) expect((await failureOfCall(call)).detail.code).toBe(ErrorCode.INVALID_REQUEST);
  });
});

describe("whoever observes an election", () => {
  test("is told of every leader and value in order, and of nobody, from who leads now on", async () => {
    const rig = await lockRig();
    const observing = observer(rig);
    await settle();
    const first = await leadershipOf(await campaign(rig, 1));
    await campaign(rig, 2);
    const late = observer(rig);
    await settle();
    await rig.elections.proclaim({ leadership: first, valueForm: text("more") });
    // Not of a candidate.
    await campaign(rig, 2, "changed");
    await propose(rig, revokeLease(1));
    await propose(rig, revokeLease(2));
    await settle();
    expect(observing.told).toEqual(["1 nobody", "2 v1", "4 more", "6 changed", "7 nobody"]);
    expect(late.told).toEqual(["3 v1", "4 more", "6 changed", "7 nobody"]);
    rig.services.close();
    expect((await failureOfCall(observing.failed)).detail.code).toBe(ErrorCode.SHUTTING_DOWN);
  });

  test("is told of each of those that led one after the other while it was behind", async () => {
    const rig = await lockRig();
    const responses = rig.elections.observe({ nameForm: job })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => {
      const { value } = await responses.next();
      return value?.entry?.valueText ?? "nobody";
    };
    expect(await next()).toBe("nobody");
    for (const lease of [1, 2, 3, 5, 6]) {
      await rig.elections.resign({ leadership: await leadershipOf(await campaign(rig, lease)) });
    }
    expect([await next(), await next(), await next()]).toEqual(["v1", "nobody", "v2"]);
    // What it was not told of by then is gone: it hears who leads.
    for (let i = 0; i < 50; i++) await propose(rig, put("other", `${i}`));
    await campaign(rig, 4);
    await propose(rig, compact(60));
    const rest: string[] = [];
    while (rest.at(-1) !== "v4") rest.push(await next());
    expect(rest).toEqual(["v4"]);
  });

  test("is not told twice of a leader where only what was written meanwhile is compacted", async () => {
    const rig = await lockRig();
    const leadership = await leadershipOf(await campaign(rig, 4));
    const usage = () => ({ logBytes: 0, snapshotBytes: 0, firstIndex: 1, lastIndex: 1 });
    const inspect = () => Promise.reject(new Error("nobody asks"));
    const { consensus, machine: state, clock } = rig;
    const context = serviceContext({ consensus, state, clock, version: "1", address: "127.0.0.1:1", usage, inspect });
    const call = { signal: new AbortController().signal, timeoutMs: () => undefined };
    const leaders = leadersOf(context, new ChangeWaits(context.watchHub), bytes("job"), call);
    expect((await leaders.next()).value.entry?.createRevision).toBe(leadership.token);
    for (let i = 0; i < 5; i++) await propose(rig, put("other", `${i}`));
    await propose(rig, compact(rig.machine.revision()));
    const next = leaders.next();
    await settle();
    await rig.elections.resign({ leadership });
    expect((await next).value.entry).toBeUndefined();
    await leaders.return(undefined);
  });
});
