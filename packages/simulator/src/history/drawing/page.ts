import { escaped } from "./escaped.ts";
import type { FailureExplained } from "./explain-failure.ts";
import { drawTimeline } from "./timeline.ts";

/** A page of HTML that needs nothing else, for light and dark screens: each failure in words, and drawn. */
export function drawPage(title: string, failures: readonly FailureExplained[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p class="legend"><span class="before">certain before</span><span class="explained">explained, numbered in their order</span><span
 class="stuck">✗ cannot follow</span><span class="unanswered">no answer: later, or never</span>
 Bars go from call to answer; point at one for all of it.</p>
${failures.map(drawFailure).join("\n")}
</body>
</html>
`;
}

function drawFailure({ title, lines, drawn }: FailureExplained): string {
  return `<section>
<h2>${escaped(title)}</h2>
${drawn.length === 0 ? "" : `<div class="scroll">${drawTimeline(drawn)}</div>`}
<pre>${escaped(lines.join("\n"))}</pre>
</section>`;
}

const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2330; --soft: #667085; --rule: #e4e7ec; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181f; --ink: #e6e9ef; --soft: #97a1b3; --rule: #2c3340; } }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 0.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
.legend { color: var(--soft); } .legend span { color: #1c2330; padding: 0.15rem 0.5rem; margin-right: 0.5rem; border: 1px solid; border-radius: 6px; font-size: 13px; white-space: nowrap; }
.legend .before { background: #e4e7ec; border-color: #667085; } .legend .explained { background: #d6e8ff; border-color: #3b7ddd; }
.legend .stuck { background: #ffdcd8; border-color: #d03324; } .legend .unanswered { background: #fff1d0; border: 1px dashed #b7791f; }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: 8px; } .scroll svg { display: block; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
`;
