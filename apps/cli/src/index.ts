export { type ExitCode, exitCodes } from "./exit-code.ts";
