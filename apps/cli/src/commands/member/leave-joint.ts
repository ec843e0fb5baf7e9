import type { GlobalOptions } from "../../options.ts";
import { changeText } from "../../output/change-format.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withAdmin } from "../../session.ts";

export async function leaveJoint(options: GlobalOptions): Promise<void> {
  const after = await withAdmin(options, (admin) => admin.leaveJoint());
  const sentence = "the joint membership is left";
  await writeOut(changeText(options.output, { sentence, fields: {}, before: after.members, after }));
}
