import type { KeyValue, RaftKv } from "@raftkv/kv-client";
import { invalidUse } from "../../command-error.ts";
import { withInterrupt } from "../../interrupt.ts";
import { textField } from "../../output/entry-format.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withClient } from "../../session.ts";
import { type HoldOptions, whileHeld } from "./while-held.ts";

export interface ElectOptions extends HoldOptions {
  readonly value: string;
  readonly observe: boolean;
}

/** Leads, once it is elected, while the command runs, or, without one, until Ctrl-C; or tells who leads. */
export async function elect(name: string, command: readonly string[], options: ElectOptions): Promise<void> {
  if (options.observe && command.length > 0) throw invalidUse("--observe tells who leads, and runs no command");
  await withClient(options, (client) =>
    options.observe
      ? observe(client, name, options)
      : whileHeld(
          {
            what: `the election ${name}`,
            acquire: (waiting) => client.election(name).campaign(options.value, waiting),
            command,
          },
          options,
        ),
  );
}

async function observe(client: RaftKv, name: string, { output }: ElectOptions): Promise<void> {
  await withInterrupt(
    () => undefined,
    async (signal) => {
      try {
        for await (const leader of client.election(name).observe({ signal })) {
          await writeOut(`${output === "json" ? JSON.stringify(leaderJson(leader)) : leaderText(leader)}\n`);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  );
}

function leaderText(leader: KeyValue | undefined): string {
  return leader === undefined ? "nobody" : `${leader.createRevision}\t${Buffer.from(leader.value).toString()}`;
}

function leaderJson(leader: KeyValue | undefined): object {
  if (leader === undefined) return { leader: null };
  const { keyBytes, value, createRevision: token } = leader;
  return { leader: { ...textField("key", keyBytes), token, ...textField("value", value) } };
}
