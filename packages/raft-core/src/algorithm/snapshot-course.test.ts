import { describe, expect, it } from "vitest";
import { SnapshotCourse } from "./snapshot-course.ts";

const nothingYet = { index: 0, bytesSent: 0, bytes: 0 };
const halfWay = { index: 7, bytesSent: 50, bytes: 100 };

describe("how a follower comes to a snapshot", () => {
  it("begins with nothing sent, by nobody who is preferred, and no failure", () => {
    const course = new SnapshotCourse(2);
    expect([course.advance, course.preferred, course.hasFailedElsewhere]).toEqual([nothingYet, undefined, false]);
  });

  it("is heard of when it begins, moves on and breaks off", () => {
    const course = new SnapshotCourse(2);
    course.begin(2);
    course.tick(30);
    expect(course.silentMs).toBe(30);
    course.moved(halfWay);
    expect([course.silentMs, course.advance]).toEqual([0, halfWay]);
    course.tick(30);
    course.failed(60);
    expect([course.silentMs, course.advance]).toEqual([0, { ...halfWay, bytesSent: 60 }]);
    course.tick(30);
    course.begin(2);
    expect([course.silentMs, course.advance]).toEqual([0, { ...halfWay, bytesSent: 60 }]);
  });

  it("stays with how far it had come when an attempt does not get to the follower", () => {
    const course = new SnapshotCourse(2);
    course.moved(halfWay);
    course.failed(50);
    course.failed(0);
    expect([course.advance, course.preferred]).toEqual([halfWay, 2]);
  });

  it("begins anew with another source", () => {
    const course = new SnapshotCourse(2);
    course.moved(halfWay);
    course.failed(50);
    course.begin(3);
    expect([course.source, course.advance, course.preferred]).toEqual([3, nothingYet, undefined]);
    course.failed(0);
    expect(course.hasFailedElsewhere).toBe(true);
  });

  it("prefers a source that brings it on each time, and has three more tries for one that does not get there", () => {
    const course = new SnapshotCourse(2);
    for (const bytesSent of [10, 20, 0, 0, 30, 0, 0]) course.failed(bytesSent);
    expect(course.preferred).toBe(2);
    course.failed(0);
    expect(course.preferred).toBe(undefined);
  });
});
