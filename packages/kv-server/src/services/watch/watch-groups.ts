import type { KeyId } from "../../state/key-id.ts";
import { type Interest, interestId, onlyKey } from "./interest.ts";
import { RangeIndex } from "./range-index.ts";
import type { Watch } from "./watch.ts";

/** Watches that are told the same: what they are told is made once. */
export class WatchGroup {
  readonly interest: Interest;
  readonly from: KeyId;
  readonly to: KeyId | undefined;
  /** Those that hear of changes as they are applied. */
  readonly synced = new Set<Watch>();
  /** All of them. */
  size = 0;

  constructor(interest: Interest) {
    this.interest = interest;
    this.from = interest.from;
    this.to = interest.to;
  }
}

/** Every group of a node, and which of them a key concerns: found without a look at the others. */
export class WatchGroups {
  readonly #groups = new Map<string, WatchGroup>();
  readonly #byKey = new Map<KeyId, Set<WatchGroup>>();
  readonly #ranges = new RangeIndex<WatchGroup>();

  /** The group of that interest, which is one larger from now on. */
  join(interest: Interest): WatchGroup {
    const id = interestId(interest);
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = new WatchGroup(interest);
      this.#groups.set(id, group);
      this.#add(group);
    }
    group.size++;
    return group;
  }

  /** The group is one smaller. */
  leave(group: WatchGroup): void {
    group.size--;
    if (group.size > 0) return;
    this.#groups.delete(interestId(group.interest));
    const key = onlyKey(group.interest);
    if (key === undefined) {
      this.#ranges.remove(group);
      return;
    }
    const groups = this.#byKey.get(key);
    groups?.delete(group);
    if (groups?.size === 0) this.#byKey.delete(key);
  }

  /** Calls back for each group that the key concerns. */
  concernedBy(key: KeyId, found: (group: WatchGroup) => void): void {
    for (const group of this.#byKey.get(key) ?? NO_GROUPS) found(group);
    this.#ranges.holding(key, found);
  }

  all(): Iterable<WatchGroup> {
    return this.#groups.values();
  }

  #add(group: WatchGroup): void {
    const key = onlyKey(group.interest);
    if (key === undefined) {
      this.#ranges.add(group);
      return;
    }
    const groups = this.#byKey.get(key);
    if (groups === undefined) this.#byKey.set(key, new Set([group]));
    else groups.add(group);
  }
}

const NO_GROUPS: ReadonlySet<WatchGroup> = new Set();
