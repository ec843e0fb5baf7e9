import type { NodeId, RaftTransport, StoredSnapshot } from "@raftkv/raft-core";

const pieceBytes = 400;

/** What goes wrong with the next snapshot that is sent: it breaks off after so many pieces, or has more bytes than it says. */
export type SnapshotTrouble =
  | { readonly kind: "breaksOff"; readonly afterPieces: number }
  | { readonly kind: "tooLong" };

/** A transport that sends snapshots in small pieces, and asks before each snapshot what is to go wrong with it. */
export function troubledTransport(
  transport: RaftTransport,
  trouble: (to: NodeId) => SnapshotTrouble | undefined,
): RaftTransport {
  return {
    start: (handler) => transport.start(handler),
    setPeers: (peers) => transport.setPeers(peers),
    send: (to, message) => transport.send(to, message),
    sendSnapshot: (to, shipment, signal) => {
      const source = troubledSnapshot(shipment.source, trouble(to));
      return transport.sendSnapshot(to, { ...shipment, source }, signal);
    },
    close: () => transport.close(),
  };
}

function troubledSnapshot(snapshot: StoredSnapshot, trouble: SnapshotTrouble | undefined): StoredSnapshot {
  return {
    metadata: snapshot.metadata,
    content: snapshot.content,
    read: (from) => troubledPieces(snapshot.read(from), trouble),
    close: () => snapshot.close(),
  };
}

async function* troubledPieces(chunks: AsyncIterable<Uint8Array>, trouble: SnapshotTrouble | undefined) {
  let pieces = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.byteLength; start += pieceBytes) {
      if (trouble?.kind === "breaksOff" && pieces === trouble.afterPieces) throw new Error("the stream broke off");
      pieces++;
      yield chunk.subarray(start, start + pieceBytes);
    }
  }
  if (trouble?.kind === "tooLong") yield new Uint8Array(pieceBytes);
}
