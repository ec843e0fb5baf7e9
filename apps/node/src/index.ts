export { type ExitCode, exitCodes } from "./exit/exit-code.ts";
