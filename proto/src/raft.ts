export * from "./gen/raftkv/raft/v1/raft_pb.ts";
