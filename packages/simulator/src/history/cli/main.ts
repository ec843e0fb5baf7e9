#!/usr/bin/env node
import { readFileSync, writeFileSync } from "node:fs";
import { checkHistoryCommand } from "./check-history-command.ts";

process.exitCode = checkHistoryCommand(process.argv.slice(2), {
  read: (file) => readFileSync(file === "-" ? 0 : file, "utf8"),
  write: (file, text) => writeFileSync(file, text),
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
});
