import type { TortureRecord } from "../record.ts";
export function renderReport(record: TortureRecord): string {
  return JSON.stringify(record);
}
