/** Text that goes into HTML or SVG as it is. */
export function asText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A table; cells are HTML. No head: no line for it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) => row.map((cell) => `<${tag}>${cell}</${tag}>`).join("");
  const headLine = head.length === 0 ? "" : `<thead><tr>${cells("th", head)}</tr></thead>`;
  const body = rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n");
  return `<div class="wide"><table>${headLine}<tbody>\n${body}\n</tbody></table></div>`;
}

/** `850 ms`, `2.4 s`, `12 min 30 s`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A time since the start of the run: `0:07.3`, `12:30.0`. */
export function moment(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${minutes}:${((ms - minutes * 60_000) / 1_000).toFixed(1).padStart(4, "0")}`;
}

/** Thousands apart. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}
