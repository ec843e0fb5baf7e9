import assert from "node:assert/strict";
import { membershipOf, rejectsWithCode, type TestApi } from "@raftkv/raft-core/testing";
import type { Storage, StorageOptions, StoragePackage } from "../../ports/storage.ts";
import { allRows, assertSameRows, puts, row } from "../state-store/rows.ts";

/** What the suite has to be told about the package under test. */
export interface StoragePackageSuiteOptions {
  /** Whether a data directory outlives the storage opened on it. The tests that open it again are left out if not. */
  readonly durable: boolean;
  /** A fresh data directory, which need not exist yet; each test has its own. */
  create(): Promise<StoragePackagePlace>;
}

export interface StoragePackagePlace {
  readonly package: StoragePackage;
  readonly dataDir: string;
  remove(): Promise<void>;
}

/**
 * What every storage package has to hold to beside the contracts of its two stores, which have suites of their own: who
 * owns a data directory, and how long.
 */
export function storagePackageConformance(test: TestApi, options: StoragePackageSuiteOptions): void {
  const withPlace = (name: string, run: (session: Session) => Promise<void>) =>
    test.it(name, async () => {
      const place = await options.create();
      const session = new Session(place);
      try {
        await run(session);
        assert.deepEqual(session.failures, [], "onFailure was called though nothing had failed");
      } finally {
        await session.closeAll();
        await place.remove();
      }
    });

  test.describe("StoragePackage", () => {
    withPlace("opens a fresh directory as the node asked for, with the new member id", async (session) => {
      const { raft, state } = await session.open({ nodeId: 3, newMemberId: () => "fresh-member" });
      const expected = { nodeId: 3, memberId: "fresh-member", incarnation: 1, clusterId: undefined };
      assert.deepEqual(raft.identity(), expected);
      assert.equal((await raft.load()).lastIndex, 0);
      assert.equal(state.appliedIndex(), 0);
      assertSameRows(await allRows(state), [], "a fresh state");
    });

    withPlace("each of the two stores works on when the other is closed", async (session) => {
      const { raft, state } = await session.open();
      await state.close();
      await raft.write({ id: 1, append: [{ kind: "noop", index: 1, term: 1 }] });
      assert.equal((await raft.load()).lastIndex, 1);
    });

    withPlace("and the other way round", async (session) => {
      const { raft, state } = await session.open();
      await raft.close();
      await state.write(puts(1, row("a", "1")));
      assertSameRows(await allRows(state), [row("a", "1")], "after the log was closed");
    });

    if (options.durable) durableTests(withPlace);
  });
}

function durableTests(withPlace: (name: string, run: (session: Session) => Promise<void>) => void): void {
  withPlace("a directory has one owner, until both stores are closed", async (session) => {
    const { raft, state } = await session.open();
    await rejectsWithCode(session.open(), "locked", "a second owner");
    await state.close();
    await rejectsWithCode(session.open(), "locked", "a second owner while the log is open");
    await raft.close();
    const again = await session.open();
    await again.raft.close();
    await rejectsWithCode(session.open(), "locked", "a second owner while the state is open");
    await again.state.close();
    await session.open();
  });

  withPlace("what is in both stores is there when the directory is opened again", async (session) => {
    const first = await session.open();
    await first.raft.form("cluster-a", membershipOf(1, 2, 3));
    await first.raft.write({ id: 1, append: [{ kind: "noop", index: 1, term: 1 }] });
    await first.state.write(puts(1, row("a", "1")));
    const identity = first.raft.identity();
    await session.closeAll();
    const second = await session.open();
    assert.deepEqual(second.raft.identity(), { ...identity, incarnation: 2 });
    assert.equal((await second.raft.load()).lastIndex, 1);
    assert.equal(second.state.appliedIndex(), 1);
    assertSameRows(await allRows(second.state), [row("a", "1")], "after opening again");
  });

  withPlace("a new member id is for fresh directories alone", async (session) => {
    const first = await session.open({ newMemberId: () => "first" });
    assert.equal(first.raft.identity().memberId, "first");
    await session.closeAll();
    const second = await session.open({ newMemberId: () => "second" });
    assert.equal(second.raft.identity().memberId, "first");
  });

  withPlace("the directory of another node is refused, and unharmed", async (session) => {
    await session.open({ nodeId: 1 });
    await session.closeAll();
    await rejectsWithCode(session.open({ nodeId: 2 }), "wrongOwner", "node 2 on node 1's directory");
    const { raft } = await session.open({ nodeId: 1 });
    assert.equal(raft.identity().nodeId, 1);
  });
}

class Session {
  readonly failures: Error[] = [];
  readonly #place: StoragePackagePlace;
  readonly #opened: Storage[] = [];

  constructor(place: StoragePackagePlace) {
    this.#place = place;
  }

  async open(options: Partial<StorageOptions> = {}): Promise<Storage> {
    const storage = await this.#place.package.open({
      dataDir: this.#place.dataDir,
      nodeId: 1,
      newMemberId: () => "member-1",
      onFailure: (error) => this.failures.push(error),
      ...options,
    });
    this.#opened.push(storage);
    return storage;
  }

  /** As a node stops: the state first, then the log. */
  async closeAll(): Promise<void> {
    for (const { raft, state } of this.#opened.splice(0)) {
      await state.close();
      await raft.close();
    }
  }
}
