import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { ClusterService } from "@raftkv/proto/cluster";
import { ElectionService, ErrorCode, ErrorDetailSchema, KvService, LockService } from "@raftkv/proto/kv";

/** What clients are served before the node takes part in a cluster: an error that says what it waits for. */
export function formingServices(state: () => string): (router: ConnectRouter) => void {
  const refuse = (): never => {
    const message = state();
    const detail = create(ErrorDetailSchema, { code: ErrorCode.NO_LEADER, message });
    throw new ConnectError(message, Code.Unavailable, undefined, [{ desc: ErrorDetailSchema, value: detail }]);
  };
  // biome-ignore lint/correctness/useYield: a stream that is refused yields nothing
  const refuseStream = async function* (): AsyncGenerator<never> {
    refuse();
  };
  return (router) => {
    router.service(KvService, {
      put: refuse,
      get: refuse,
      delete: refuse,
      range: refuse,
      history: refuse,
      compact: refuse,
      deleteRange: refuse,
      transaction: refuse,
      grantLease: refuse,
      keepLeaseAlive: refuse,
      revokeLease: refuse,
      getLease: refuse,
      listLeases: refuse,
      exchange: refuseStream,
      watch: refuseStream,
    });
    router.service(LockService, { lock: refuse, unlock: refuse });
    router.service(ElectionService, {
      campaign: refuse,
      proclaim: refuse,
      leader: refuse,
      observe: refuseStream,
      resign: refuse,
    });
    router.service(ClusterService, {
      status: refuse,
      changeMembership: refuse,
      leaveJoint: refuse,
      transferLeadership: refuse,
      takeSnapshot: refuse,
      inspectAddress: refuse,
      backup: refuseStream,
      beginCheck: refuse,
      checkResult: refuse,
    });
  };
}
