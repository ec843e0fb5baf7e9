import { create, type DescMethodStreaming, type DescMethodUnary } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { ClusterService } from "@raftkv/proto/cluster";
import { ElectionService, KvService, LockService } from "@raftkv/proto/kv";
import { expect, it } from "vitest";
import { formingServices } from "./forming-services.ts";

const transport = createRouterTransport(formingServices(() => "waits for node 2"));
const methods = [KvService, LockService, ElectionService, ClusterService].flatMap(({ methods }) =>
  methods.map((method) => [`${method.parent.name}.${method.name}`, method] as const),
);

async function callUnary(method: DescMethodUnary): Promise<void> {
  await transport.unary(method, undefined, undefined, undefined, create(method.input));
}

async function callStream(method: DescMethodStreaming): Promise<void> {
  const requests = (async function* () {
    yield create(method.input);
  })();
  const { message } = await transport.stream(method, undefined, undefined, undefined, requests);
  for await (const _ of message) return;
}

it.each(methods)("%s says what the node waits for", async (_, method) => {
  const isUnary = method.methodKind === "unary";
  const call = isUnary ? callUnary(method as DescMethodUnary) : callStream(method as DescMethodStreaming);
  const error = await call.catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.Unavailable, rawMessage: "waits for node 2" });
});
