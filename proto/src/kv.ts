export * from "./gen/raftkv/kv/v1/command_pb.ts";
export * from "./gen/raftkv/kv/v1/election_pb.ts";
export * from "./gen/raftkv/kv/v1/error_pb.ts";
export * from "./gen/raftkv/kv/v1/kv_pb.ts";
export * from "./gen/raftkv/kv/v1/lock_pb.ts";
