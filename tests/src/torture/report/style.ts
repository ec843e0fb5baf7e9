/** For light and dark. */
export const style = `
:root { color-scheme: light dark; --page: #fbfbfd; --card: #fff; --text: #1d2129; --soft: #626b7a; --line: #dfe3ea;
  --writes: #3b7dd8; --reads: #8fc1f0; --slow: #b7791f; --bad: #d64545; --good: #23864f; --fault: #7c5cc4; --gap: #d645451c;
  --n1: #2a9d73; --n2: #d9862b; --n3: #a050b5; --n4: #c2485f; --n5: #5b8c2a; --n6: #5a6b85; --n7: #96753d; }
@media (prefers-color-scheme: dark) { :root { --page: #14171c; --card: #1b1f26; --text: #e4e7ec; --soft: #98a2b3;
  --line: #303744; --writes: #4f90e6; --reads: #2f5b8c; --slow: #e0ae5a; --bad: #ef6b6b; --good: #4cc38a; --fault: #a48ae6;
  --gap: #ef6b6b26; --n1: #41b88c; --n2: #e59a4a; --n3: #bd74d0; --n4: #de6b80; --n5: #7fb04a; --n6: #8496b3; --n7: #c2a066; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 26px; margin: 0 0 2px; } h2 { font-size: 17px; margin: 30px 0 10px; }
p { margin: 4px 0; } .soft, .tick, .label { color: var(--soft); }
.verdict { display: inline-block; padding: 2px 12px; border-radius: 99px; color: #fff; font-weight: 600; font-size: 15px;
  margin-left: 10px; vertical-align: 4px; background: var(--good); } .verdict.bad { background: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 12px; margin: 22px 0; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 23px; font-variant-numeric: tabular-nums; } .tile span { color: var(--soft); font-size: 13px; }
ul { margin: 0; padding: 0; list-style: none; } li { padding: 3px 0 3px 26px; position: relative; overflow-wrap: anywhere; }
li::before { content: "✓"; color: var(--good); font-weight: 700; position: absolute; left: 4px; }
li.bad::before { content: "✗"; color: var(--bad); } li.out::before { content: "–"; color: var(--soft); }
svg { width: 100%; height: auto; display: block; } svg text { font: 11.5px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--line); stroke-width: 1; } .fault { fill: var(--fault); } .gap { fill: var(--gap); }
.writes { fill: var(--writes); } .reads { fill: var(--reads); } .failed { fill: var(--bad); } .slow { fill: var(--slow); }
.n1 { fill: var(--n1); } .n2 { fill: var(--n2); } .n3 { fill: var(--n3); } .n4 { fill: var(--n4); } .n5 { fill: var(--n5); }
.n6 { fill: var(--n6); } .n7 { fill: var(--n7); }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; color: var(--soft); font-size: 13px; padding: 8px 0 0 4px; }
.key svg { width: 12px; height: 12px; display: inline-block; vertical-align: -1px; margin-right: 6px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px; } th, td { padding: 5px 14px 5px 0; vertical-align: top;
  border-bottom: 1px solid var(--line); } tr:last-child td { border-bottom: 0; }
details { margin-top: 12px; } summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 13.5px/1.5 ui-monospace, monospace; }
`;
