import { withClient } from "../../session.ts";
import { type HoldOptions, whileHeld } from "./while-held.ts";

/** Waits for the lock, and holds it while the command runs, or, without one, until Ctrl-C. */
export async function lock(name: string, command: readonly string[], options: HoldOptions): Promise<void> {
  await withClient(options, (client) =>
    whileHeld({ what: `the lock ${name}`, acquire: (waiting) => client.lock(name, waiting), command }, options),
  );
}
