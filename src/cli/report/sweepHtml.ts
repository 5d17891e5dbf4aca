// sweep.html: the points of a sweep beside each other, one self-contained file as report.html is.
import type { SweepOutcome } from "../simulate/runSweep.ts"
import { sweepScript } from "./pageScript.ts"
import { escapeHtml, htmlPage } from "./reportHtml.ts"
import { type SweepPageData, seriesLimit, seriesOf } from "./sweepPage/series.ts"

export interface SweepFacts {
  readonly title: string
  readonly profile: string
  readonly jitter: number
}

const maxPanels = 12

const chip = (text: string): string => `<span class="chip">${text}</span>`

const notesOf = (outcomes: ReadonlyArray<SweepOutcome>): ReadonlyArray<string> => {
  const { loads, series } = seriesOf(outcomes)
  const lines = new Set(
    outcomes.map(({ row: { lanes, mode, policy, seed } }) => {
      return [policy, mode, lanes, seed].join()
    }),
  ).size
  return [
    ...(lines > series.length
      ? [`The charts show the first ${seriesLimit()} of ${lines} lines.`]
      : []),
    ...(loads.length > maxPanels
      ? [`The first ${maxPanels} of ${loads.length} loads have panels.`]
      : []),
  ]
}

const section = (id: string, heading: string, note: string): string => `
  <section id="${id}-section">
    <div class="section-head"><h2>${heading}</h2><span class="note">${note}</span></div>
    <div id="${id}" class="panels"></div>
  </section>`

const body = ({ jitter, profile, title }: SweepFacts, notes: ReadonlyArray<string>): string => `
<main>
  <header>
    <h1><small>gnnsched simulate --sweep</small>${escapeHtml(title)}</h1>
    <span class="spacer"></span>
    <button id="theme" type="button">light / dark</button>
  </header>
  <div id="chips">${chip(`machine ${escapeHtml(profile)}`)}${chip(`jitter ${jitter}`)}${chip("simulated")}</div>
  ${notes.map((note) => `<p class="note">${note}</p>`).join("\n")}
  <div id="legend" class="sticky" role="group" aria-label="Lines: press to hide or show"></div>
  ${section("load", "Against load", "targets met: of the tasks that had one; response: of completed tasks")}
  ${section("responses", "Response times", "share of the completed tasks that took no longer")}
  ${section("memory", "Memory over time", "the most that was held in each stretch of time")}
  <section>
    <div class="section-head"><h2>All points</h2></div>
    <div id="rows"></div>
  </section>
  <footer>All numbers are in sweep.json.</footer>
</main>`

export const sweepHtml = (facts: SweepFacts, outcomes: ReadonlyArray<SweepOutcome>): string =>
  htmlPage({
    title: facts.title,
    body: body(facts, notesOf(outcomes)),
    data: { outcomes, maxPanels } satisfies SweepPageData,
    script: sweepScript(),
  })
