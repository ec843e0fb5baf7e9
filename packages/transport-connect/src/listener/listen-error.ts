/** Stable codes of why a server cannot listen. */
export type ListenErrorCode = "addressInUse" | "notPermitted" | "addressNotAvailable" | "failed";

/** The server cannot listen. The message names the address and says what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: ListenErrorCode;

  constructor(code: ListenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What the system says, in words. */
export function listenError(cause: Error, host: string, port: number): ListenError {
  const { code, advice } = explain("code" in cause ? cause.code : undefined, cause.message);
  return new ListenError(code, `cannot listen on ${host}:${port}: ${advice}`, { cause });
}

function explain(systemCode: unknown, message: string): { code: ListenErrorCode; advice: string } {
  switch (systemCode) {
    case "EADDRINUSE":
      return { code: "addressInUse", advice: "the port is in use; stop what uses it, or choose another port" };
    case "EACCES":
    case "EPERM":
      return { code: "notPermitted", advice: "not permitted; choose a port above 1023, or grant the right to use it" };
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { code: "addressNotAvailable", advice: "this machine has no such address; choose one of its own" };
    default:
      return { code: "failed", advice: message };
  }
}
