import { type ExitCode, exitCodes } from "./exit-code.ts";

/** A command that ends in failure, with what the process exits with. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options: ErrorOptions = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Arguments that make no sense together. */
export function invalidUse(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
