import type { ConsensusStatus } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { Leadership, type LeadershipView } from "./leadership.ts";

type Listener = (status: ConsensusStatus) => void;

/** A node that hears of node 2, which leads, and may not know yet who that is. */
class Newcomer {
  leader: ConsensusStatus["leader"];
  readonly roles = new Set<Listener>();
  readonly members = new Set<Listener>();
  readonly views: LeadershipView[] = [];

  follow(): Leadership {
    const on = (listeners: Set<Listener>) => (listener: Listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    const { status } = this;
    const leadership = new Leadership({ status, onRoleChange: on(this.roles), onMembersChange: on(this.members) });
    leadership.onChange((view) => this.views.push(view));
    return leadership;
  }

  readonly status = () => ({ role: "follower", term: 1, leader: this.leader }) as ConsensusStatus;

  tell(listeners: ReadonlySet<Listener>): void {
    for (const listener of listeners) listener(this.status());
  }
}

const leaderAt = (address: string) => ({ id: 2, address, memberId: "member-2" });

it("learns who leads when the log says it, though the leader was heard before", () => {
  const node = new Newcomer();
  const leadership = node.follow();
  node.tell(node.roles);
  expect(leadership.view().leader).toBeUndefined();
  node.leader = leaderAt("b:1");
  node.tell(node.members);
  expect(leadership.view().leader).toEqual({ nodeId: 2, address: "b:1" });
  node.leader = leaderAt("b:2");
  node.tell(node.members);
  expect(node.views.map(({ leader }) => leader?.address)).toEqual(["b:1", "b:2"]);
});

it("says nothing when the members change and the leader does not, nor once it is closed", () => {
  const node = new Newcomer();
  node.leader = leaderAt("b:1");
  const leadership = node.follow();
  node.tell(node.members);
  leadership.close();
  node.leader = leaderAt("b:2");
  node.tell(node.members);
  expect(node.views).toEqual([]);
  expect(node.roles.size + node.members.size).toBe(0);
});
