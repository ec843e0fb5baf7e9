import { RaftKvError } from "@raftkv/kv-client";
import { type Command, CommanderError } from "commander";
import { adviceFor } from "./advice.ts";
import { withoutCall } from "./client-message.ts";
import { CommandError } from "./command-error.ts";
import { type ExitCode, exitCodeFor, exitCodes } from "./exit-code.ts";
import { Interrupted } from "./membership/catch-up.ts";

/** Runs what the arguments say. Every failure goes to `fail`, but for wrong use, which commander has told by then. */
export async function run(
  program: Command,
  args: readonly string[],
  fail: (message: string, code: ExitCode) => void,
): Promise<ExitCode> {
  const garbled = garbledArgument(args);
  if (garbled !== undefined) {
    const advice = "a value of any bytes goes through standard input: put KEY - < FILE";
    fail(`the argument "${garbled}" is not valid UTF-8; ${advice}`, exitCodes.usage);
    return exitCodes.usage;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const { message, code } = failureOf(error);
    fail(message.replace(/\s*\n\s*/g, " "), code);
    return code;
  }
}

function failureOf(error: unknown): { readonly message: string; readonly code: ExitCode } {
  if (error instanceof RaftKvError) return { message: withAdvice(error), code: exitCodeFor(error) };
  if (error instanceof CommandError) return { message: error.message, code: error.exitCode };
  if (error instanceof Interrupted) return { message: error.message, code: exitCodes.interrupted };
  const message = `unexpected failure: ${error instanceof Error ? error.message : String(error)}`;
  return { message, code: exitCodes.unexpected };
}

function withAdvice({ message, code }: RaftKvError): string {
  const advice = adviceFor(code);
  const problem = withoutCall(message);
  return advice === undefined ? problem : `${problem}; ${advice}`;
}

/** An argument whose bytes were not UTF-8: what it stood for is lost, and two such keys would become the same one. */
function garbledArgument(args: readonly string[]): string | undefined {
  return args.find((argument) => argument.includes("\ufffd"));
}
