import { once } from "node:events";

/** Writes to standard output, no faster than it is read. */
export async function writeOut(output: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(output)) await once(process.stdout, "drain");
}

/**
 * Goes on when nobody reads what is said on the way, as when Ctrl-C ends `tee` too, or the terminal is closed: what was
 * begun is still to be undone.
 */
export function outliveReaders(): void {
  process.stderr.on("error", () => undefined);
}

/** Ends the process quietly when nobody reads on, as with `raftkv range | head`. */
export function endWithReader(): void {
  process.stdout.on("error", (error) => {
    if ("code" in error && error.code === "EPIPE") process.exit(0);
    throw error;
  });
}
