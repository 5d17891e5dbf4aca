// report.html, and the frame of every page: one self-contained file. A policy in its head forbids every load from elsewhere; the
// run is embedded as JSON, its text escaped, and enters the page as text only.
import type { RunReport } from "../../model/RunReport.ts"
import { pageData } from "./pageData.ts"
import { pageScript } from "./pageScript.ts"
import { pageStyle } from "./pageStyle.ts"

/** JSON that cannot end the script element it stands in. */
export const embedJson = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029")

export const escapeHtml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")

const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

const body = (title: string, command: string): string => `
<main>
  <header>
    <h1><small>${command}</small>${escapeHtml(title)}</h1>
    <span class="spacer"></span>
    <button id="theme" type="button">light / dark</button>
  </header>
  <div id="chips"></div>
  <div id="notes"></div>
  <div id="figures"></div>
  <section>
    <div class="section-head">
      <h2>Lanes and memory over time</h2>
      <div id="legend"></div>
    </div>
    <div class="canvas-title">
      <span>who ran when: a row per lane, operators inside tasks; a red foot is a missed deadline
      or a task that did not complete, a torn right edge one that gave way to another. Drag to zoom, double-click for all.</span>
    </div>
    <div><canvas id="timeline" role="img" aria-label="Tasks on each lane over time"></canvas></div>
    <div class="canvas-title">
      <span>what held the device's memory</span>
      <span class="legend-item"><span class="swatch resident"></span>residents: graphs, features,
      weights</span>
      <span class="legend-item">colours: arenas of running tasks</span>
      <label><input id="memory-map" type="checkbox"> address map</label>
    </div>
    <div><canvas id="memory" role="img" aria-label="Device memory over time"></canvas></div>
  </section>
  <section id="failures-section" hidden>
    <div class="section-head"><h2>Refusals and failures</h2></div>
    <div id="failures"></div>
  </section>
  <section id="preemptions-section" hidden>
    <div class="section-head"><h2>Preemptions</h2>
      <span class="note">tasks that stopped at an operator boundary for a more urgent one, and kept
      what they had computed</span></div>
    <div id="preemptions"></div>
  </section>
  <section>
    <div class="section-head"><h2>Tenants</h2>
      <span class="note">response times of completed tasks; percentiles by nearest rank</span></div>
    <div id="tenants"></div>
  </section>
  <section>
    <div class="section-head"><h2>Predicted against measured</h2>
      <span class="note">a point per completed task; on the diagonal it came as predicted</span></div>
    <div class="pair">
      <div><div class="canvas-title">run time</div><div><canvas id="scatter-time" role="img"
        aria-label="Predicted against measured run time"></canvas></div></div>
      <div><div class="canvas-title">peak device memory</div><div><canvas id="scatter-bytes" role="img"
        aria-label="Predicted against measured peak memory"></canvas></div></div>
    </div>
  </section>
  <section>
    <div class="section-head"><h2>Tasks</h2></div>
    <div id="tasks"></div>
  </section>
  <section>
    <div class="section-head"><h2>Decisions</h2>
      <span class="note">what the policy started each time it was asked, and what it held back</span></div>
    <div id="decisions"></div>
  </section>
  <footer>Times are from the first submission. All numbers are in report.json; operators and
  counters are in trace.json.</footer>
</main>
<div id="tip" hidden></div>`

/** Whose report it is: nobody must take a simulation for a run. */
const commandOf = ({ device }: RunReport): string =>
  device.kind === "sim" ? "gnnsched simulate" : "gnnsched run"

interface Page {
  readonly title: string
  /** Its texts escaped. */
  readonly body: string
  /** What the script reads. */
  readonly data: unknown
  readonly script: string
}

export const htmlPage = (page: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<title>gnnsched: ${escapeHtml(page.title)}</title>
<style>${pageStyle}</style>
</head>
<body>${page.body}
<script type="application/json" id="run-data">${embedJson(page.data)}</script>
<script>${page.script}</script>
</body>
</html>
`

export const reportHtml = (title: string, report: RunReport): string =>
  htmlPage({
    title,
    body: body(title, commandOf(report)),
    data: pageData(title, report),
    script: pageScript(),
  })
