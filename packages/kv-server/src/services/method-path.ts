import { KvService } from "@raftkv/proto/kv";

const WRITES: ReadonlySet<string> = new Set(
  [KvService.method.put, KvService.method.delete].map(({ name }) => `/${KvService.typeName}/${name}`),
);

/** Whether the path of an HTTP request names a unary method that writes, and so belongs at the leader. */
export function isWriteMethod(path: string): boolean {
  return WRITES.has(path);
}
