// The style of report.html: one set of variables for light, one for dark; the canvases read them.

const light = `
  --bg: #f6f7f9; --panel: #ffffff; --line: #dfe3e8; --text: #1c2733; --muted: #66727f;
  --grid: #e8ebef; --lane: #f1f3f6; --resident: #aab4c0; --waiting: #c9d3df; --bad: #cf3b32;
  --good: #197a4b; --good-bg: #dff3e8; --bad-bg: #fbe3e1; --select: rgba(59, 130, 208, 0.18);
  --accent: #3b82d0; --preempt: #1c2733; color-scheme: light;`

const dark = `
  --bg: #12161b; --panel: #1a2027; --line: #2c343d; --text: #e4e9ee; --muted: #93a0ad;
  --grid: #262e36; --lane: #20272f; --resident: #55616e; --waiting: #3a4653; --bad: #f0716a;
  --good: #61d29a; --good-bg: #17382a; --bad-bg: #43211f; --select: rgba(86, 180, 233, 0.2);
  --accent: #56b4e9; --preempt: #f4f7fa; color-scheme: dark;`

export const pageStyle = `
:root {${light} }
@media (prefers-color-scheme: dark) { :root {${dark} } }
:root[data-theme="light"] {${light} }
:root[data-theme="dark"] {${dark} }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--bg); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1360px; margin: 0 auto; padding: 24px 24px 64px; }
header { display: flex; align-items: baseline; gap: 12px; flex-wrap: wrap; }
h1 { font-size: 22px; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h1 small { color: var(--muted); font-weight: 500; font-size: 14px; margin-right: 8px; }
h2 { font-size: 15px; margin: 0; }
header .spacer { flex: 1; }
button { font: inherit; color: var(--text); background: var(--panel);
  border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; cursor: pointer; }
button:hover { border-color: var(--accent); }
button:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
#chips { display: flex; gap: 6px; flex-wrap: wrap; margin: 10px 0 18px; }
.chip { border: 1px solid var(--line); background: var(--panel); border-radius: 999px;
  padding: 1px 10px; color: var(--muted); font-size: 12.5px; }
.note { color: var(--muted); font-size: 12.5px; }
#figures { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); }
.card, section { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; }
.card { padding: 12px 16px 14px; }
.card-label { color: var(--muted); font-size: 12.5px; }
.card-value { font-size: 22px; font-weight: 620; font-variant-numeric: tabular-nums; }
.card-note { color: var(--muted); font-size: 12px; }
.bar { height: 5px; border-radius: 3px; background: var(--grid); margin-top: 8px; overflow: hidden; }
.bar-fill { height: 100%; background: var(--accent); }
section { padding: 16px 18px 18px; margin-top: 16px; }
.section-head { display: flex; gap: 14px; align-items: baseline; flex-wrap: wrap; margin-bottom: 12px; }
#legend { display: flex; flex-wrap: wrap; gap: 4px 14px; }
.legend-item { display: inline-flex; align-items: center; gap: 6px; font-size: 12.5px; color: var(--muted); }
.swatch { width: 11px; height: 11px; border-radius: 3px; display: inline-block; }
.swatch.resident { background: var(--resident); }
canvas { display: block; cursor: crosshair; }
.canvas-title { color: var(--muted); font-size: 12.5px; margin: 14px 0 4px; display: flex; gap: 16px;
  flex-wrap: wrap; align-items: center; }
.canvas-title label { display: inline-flex; gap: 5px; align-items: center; cursor: pointer; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 20px; }
.pair > div { min-width: 0; }
.pair canvas { cursor: default; }
.tools { display: flex; gap: 10px; align-items: center; margin-bottom: 10px; flex-wrap: wrap; }
input[type="search"] { font: inherit; color: inherit; background: var(--bg); min-width: 260px;
  border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
#tasks td { max-width: 460px; overflow: hidden; text-overflow: ellipsis; }
#failures td:last-child { white-space: normal; min-width: 320px; }
tbody tr:hover { background: var(--lane); }
.tools:empty { display: none; }
.num + td:not(.num), .num + th:not(.num) { padding-left: 12px; }
.num { text-align: right; font-variant-numeric: tabular-nums; }
th { color: var(--muted); font-weight: 500; }
.sort { border: 0; background: none; padding: 0; color: inherit; font-weight: inherit; }
.pill { border-radius: 999px; padding: 1px 8px; font-size: 12px; }
.pill.good { background: var(--good-bg); color: var(--good); }
.pill.bad { background: var(--bad-bg); color: var(--bad); }
.panels { display: grid; gap: 12px 20px;
  grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); }
.panels svg { width: 100%; height: auto; display: block; max-width: 760px; }
svg text { fill: var(--muted); font-size: 11px; }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
svg .grid { stroke: var(--grid); }
svg .limit { stroke: var(--bad); stroke-dasharray: 4 3; }
svg .limit-name { fill: var(--bad); }
svg .line path { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .line.off { display: none; }
.sticky { position: sticky; top: 0; padding: 8px 0; background: var(--bg); z-index: 5; }
.legend-button { display: inline-flex; align-items: center; gap: 6px; font-size: 12.5px; }
.legend-button[aria-pressed="false"] { opacity: 0.45; text-decoration: line-through; }
#tip { position: fixed; z-index: 10; pointer-events: none; max-width: 460px; background: var(--panel);
  border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; font-size: 12.5px;
  box-shadow: 0 6px 24px rgba(0, 0, 0, 0.18); }
#tip dl { display: grid; grid-template-columns: auto 1fr; gap: 1px 12px; margin: 0; }
#tip dt { color: var(--muted); }
#tip dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
footer { color: var(--muted); font-size: 12.5px; margin-top: 20px; }
`
