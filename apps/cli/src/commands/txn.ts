import { invalidUse } from "../command-error.ts";
import type { FenceOption } from "../fence-option.ts";
import type { GlobalOptions } from "../options.ts";
import { writeOut } from "../output/standard-output.ts";
import { transactionJson, transactionText } from "../output/transaction-format.ts";
import { withClient } from "../session.ts";
import { parseTransaction } from "../txn/parse-transaction.ts";
import { readTransaction } from "../txn/read-transaction.ts";

export interface TransactionCommandOptions extends GlobalOptions, FenceOption {}

export async function txn(file: string | undefined, options: TransactionCommandOptions): Promise<void> {
  const { spec, fence: written } = parseTransaction(await readTransaction(file));
  if (written !== undefined && options.fence !== undefined)
    throw invalidUse("the transaction has a fence already, besides --fence");
  const fence = options.fence ?? written;
  const result = await withClient(options, (client) => client.transaction(spec, fence === undefined ? {} : { fence }));
  await writeOut(options.output === "json" ? transactionJson(result) : transactionText(result));
}
