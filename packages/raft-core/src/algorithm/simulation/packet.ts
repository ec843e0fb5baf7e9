import type { NodeId } from "../entry.ts";
import type { SentSnapshot } from "../harness/test-node.ts";
import type { Message } from "../message.ts";

/** What is on its way from one node to another. */
export type Packet = { readonly from: NodeId; readonly to: NodeId } & (
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "snapshot"; readonly snapshot: SentSnapshot }
);
