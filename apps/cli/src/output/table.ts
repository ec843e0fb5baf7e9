import Table from "cli-table3";

export interface Column {
  readonly name: string;
  /** Numbers stand on the right. */
  readonly align?: "left" | "right";
}

/** Rows under a head, with a newline at the end. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: columns.map(({ name }) => name),
    style: { head: [], border: [] },
    colAligns: columns.map(({ align }) => align ?? "left"),
  });
  for (const row of rows) table.push([...row]);
  return `${table.toString()}\n`;
}
