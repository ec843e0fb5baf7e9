import { ConnectError } from "@connectrpc/connect";

/** An error's message for a log line, without the code that Connect puts in front. */
export function errorText(error: unknown): string {
  if (error instanceof ConnectError) return error.rawMessage;
  return error instanceof Error ? error.message : String(error);
}
