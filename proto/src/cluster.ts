export * from "./gen/raftkv/cluster/v1/cluster_pb.ts";
