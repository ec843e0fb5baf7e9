import { RaftKv } from "../raft-kv.ts";
import { ScriptedNode } from "./scripted-node.ts";
import type { ScriptedWatchStream } from "./scripted-watches.ts";

/** A client of one scripted node, which tells of changes what the test has it tell. */
export class CoordinationRig implements AsyncDisposable {
  readonly node: ScriptedNode;
  readonly kv: RaftKv;

  private constructor(node: ScriptedNode) {
    this.node = node;
    this.kv = new RaftKv({ endpoints: [node.address] });
  }

  static async start(): Promise<CoordinationRig> {
    const node = await ScriptedNode.start();
    node.store.pictureRevision = 10n;
    return new CoordinationRig(node);
  }

  /** The stream of watches, once so many were asked for. */
  async watches(count: number): Promise<ScriptedWatchStream> {
    const { streams } = this.node.watches;
    await this.node.until(() => (streams[0]?.creates.length ?? 0) >= count);
    const [stream] = streams;
    if (stream === undefined) throw new Error("unreachable");
    return stream;
  }

  async keysOf(prefix: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of this.kv.range({ prefix })) keys.push(key);
    return keys;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kv.close();
    await this.node.stop();
  }
}
