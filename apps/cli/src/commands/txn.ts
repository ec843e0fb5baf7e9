import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { transactionJson, transactionText } from "../output/transaction-format.ts";
import { withClient } from "../session.ts";
import { parseTransaction } from "../txn/parse-transaction.ts";
import { readTransaction } from "../txn/read-transaction.ts";

export async function txn(file: string | undefined, options: GlobalOptions): Promise<void> {
  const spec = parseTransaction(await readTransaction(file));
  const result = await withClient(options, (client) => client.transaction(spec));
  await writeOut(options.output === "json" ? transactionJson(result) : transactionText(result));
}
