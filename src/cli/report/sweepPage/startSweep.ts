/// <reference lib="dom" />
// Runs in the browser: reads the embedded sweep, draws its panels and its table, and lets a click on
// the legend hide a line.
import type { SweepOutcome } from "../../simulate/runSweep.ts"
import type * as kitPart from "../page/kit.ts"
import type * as tablePart from "../page/table.ts"
import type * as tablesPart from "../page/tables.ts"
import type * as themePart from "../page/theme.ts"
import type * as lineChartPart from "./lineChart.ts"
import type * as scalesPart from "./scales.ts"
import type * as seriesPart from "./series.ts"
import type { SweepPageData } from "./series.ts"

export type SweepParts = Pick<
  typeof kitPart,
  "makeElement" | "formatPageBytes" | "formatPageMs" | "roundTicks" | "roundByteTicks"
> &
  Pick<typeof tablePart, "makeTable"> &
  Pick<typeof tablesPart, "numberColumn" | "textColumn" | "percentText" | "plainNumber"> &
  Pick<typeof themePart, "wireTheme"> &
  Pick<typeof lineChartPart, "lineChart" | "svgElement"> &
  Pick<typeof scalesPart, "linearScale" | "logScale"> &
  Pick<typeof seriesPart, "seriesOf">

type Box = { readonly width: number; readonly height: number }
type Pick1 = (outcome: SweepOutcome) => number | null

export function chartSpans({ height, width }: Box) {
  return { x: { from: 62, to: width - 10 }, y: { from: height - 34, to: 10 } }
}

export function panelOf(parts: SweepParts, title: string, chart: Element): HTMLElement {
  const box = parts.makeElement("div", "panel", parts.makeElement("div", "canvas-title", title))
  box.append(chart)
  return box
}

/** From a share of `floor` to all. */
export function shareAxis(parts: SweepParts, span: scalesPart.Span, floor: number) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => floor + part * (1 - floor))
  return { ...parts.linearScale(floor, 1, span, ticks), format: parts.percentText }
}

/** One figure of every series against the load. */
export function loadPanel(
  parts: SweepParts,
  { loads, series }: seriesPart.SweepSeries,
  figure: { readonly title: string; readonly pick: Pick1; readonly isShare: boolean },
): HTMLElement {
  const box = { width: 560, height: 300 }
  const spans = chartSpans(box)
  const lines = series.map((one) => ({
    name: one.name,
    series: one.index,
    color: one.color,
    dash: one.dash,
    points: one.outcomes.flatMap((outcome) => {
      const value = figure.pick(outcome)
      return value === null ? [] : [[outcome.row.load, value] as const]
    }),
  }))
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value))
  const low = Math.max(1e-3, Math.min(...values)) / 1.2
  const high = Math.max(1e-3, ...values) * 1.2
  // Where all are near the top, the axis begins near it, and says so by its ticks.
  const floor = [0.99, 0.9, 0.5, 0].find((share) => share <= Math.min(...values))!
  const y = figure.isShare
    ? shareAxis(parts, spans.y, floor)
    : { ...parts.logScale(low, high, spans.y), format: parts.formatPageMs }
  const x = parts.linearScale(loads[0]!, loads[loads.length - 1]!, spans.x, loads)
  const chart = parts.lineChart({
    ...box,
    title: figure.title,
    label: `${figure.title}, a line for each of ${series.map(({ name }) => name).join("; ")}`,
    x: { ...x, format: String, title: "load (arrivals so many times as fast)" },
    y,
    lines,
    shape: "straight",
    dots: true,
    limit: null,
  })
  return panelOf(parts, figure.title, chart)
}

export function linesAt(
  { series }: seriesPart.SweepSeries,
  load: number,
  pick: (outcome: SweepOutcome) => ReadonlyArray<readonly [number, number]>,
) {
  return series.flatMap((one) => {
    const outcome = one.outcomes.find(({ row }) => row.load === load)
    if (outcome === undefined) return []
    const { color, dash, index, name } = one
    return [{ name, series: index, color, dash, points: pick(outcome) }]
  })
}

/** The distribution of response times at one load. */
export function responsePanel(
  parts: SweepParts,
  sweep: seriesPart.SweepSeries,
  load: number,
  title: string,
): HTMLElement {
  const box = { width: 560, height: 300 }
  const spans = chartSpans(box)
  const lines = linesAt(sweep, load, ({ curves }) => curves.responses)
  const times = lines.flatMap(({ points }) => points.map(([ms]) => ms)).filter((ms) => ms > 0)
  const low = times.length === 0 ? 1 : Math.min(...times)
  const high = times.length === 0 ? 10 : Math.max(...times)
  const chart = parts.lineChart({
    ...box,
    title,
    label: `${title}: share of completed tasks by response time`,
    x: {
      ...parts.logScale(low, high, spans.x),
      format: parts.formatPageMs,
      title: "response time, logarithmic",
    },
    y: shareAxis(parts, spans.y, 0),
    lines,
    shape: "steps",
    dots: false,
    limit: null,
  })
  return panelOf(parts, title, chart)
}

/** What was held at one load over time. */
export function memoryPanel(
  parts: SweepParts,
  sweep: seriesPart.SweepSeries,
  load: number,
  title: string,
): HTMLElement {
  const box = { width: 560, height: 260 }
  const spans = chartSpans(box)
  const lines = linesAt(sweep, load, ({ curves }) => curves.memory)
  const points = lines.flatMap((line) => line.points)
  const endMs = points.reduce((last, [ms]) => Math.max(last, ms), 1)
  const most = points.reduce((high, [, bytes]) => Math.max(high, bytes), 1)
  const budget = sweep.series[0]?.outcomes[0]?.curves.budgetBytes ?? most
  // A budget far above what was used would press the lines to the floor.
  const isNear = budget <= 4 * most
  const high = (isNear ? Math.max(most, budget) : most) * 1.08
  const chart = parts.lineChart({
    ...box,
    title,
    label: `${title}: bytes held over time`,
    x: {
      ...parts.linearScale(0, endMs, spans.x, parts.roundTicks(0, endMs, 5)),
      format: parts.formatPageMs,
      title: "time since the first submission",
    },
    y: {
      ...parts.linearScale(0, high, spans.y, parts.roundByteTicks(high, 4)),
      format: parts.formatPageBytes,
    },
    lines,
    shape: "steps",
    dots: false,
    limit: isNear ? { value: budget, name: `budget ${parts.formatPageBytes(budget)}` } : null,
  })
  return panelOf(parts, title, chart)
}

export function sweepLegend(parts: SweepParts, { series }: seriesPart.SweepSeries): void {
  const buttons = series.map(({ color, dash, index, name }) => {
    const stroke = { stroke: color, "stroke-width": 3, "stroke-dasharray": dash }
    const line = parts.svgElement("line", { x1: 0, x2: 22, y1: 5, y2: 5, ...stroke })
    const sample = parts.svgElement("svg", { width: 22, height: 10, "aria-hidden": "true" }, line)
    const button = parts.makeElement("button", "legend-button", sample, name)
    button.setAttribute("type", "button")
    button.setAttribute("aria-pressed", "true")
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true"
      button.setAttribute("aria-pressed", String(shown))
      for (const line of document.querySelectorAll(`[data-series="${index}"]`)) {
        line.classList.toggle("off", !shown)
      }
    })
    return button
  })
  document.getElementById("legend")!.replaceChildren(...buttons)
}

export function sweepTables(parts: SweepParts, data: SweepPageData): void {
  const rows = data.outcomes.map(({ row }) => row)
  const kit = { el: parts.makeElement } as kitPart.Kit
  const { numberColumn, percentText, plainNumber, textColumn } = parts
  const ms = parts.formatPageMs
  parts.makeTable(
    kit,
    "rows",
    rows,
    [
      textColumn("policy", (row: SweepOutcome["row"]) => row.policy),
      textColumn("mode", (row) => row.mode),
      numberColumn("load", (row) => row.load, plainNumber),
      numberColumn("lanes", (row) => row.lanes, plainNumber),
      numberColumn("seed", (row) => row.seed, plainNumber),
      numberColumn("tasks", (row) => row.tasks, plainNumber),
      numberColumn("completed", (row) => row.completed, plainNumber),
      numberColumn("mean response", (row) => row.meanResponseMs, ms),
      numberColumn("p50", (row) => row.p50ResponseMs, ms),
      numberColumn("p99", (row) => row.p99ResponseMs, ms),
      numberColumn("targets met", (row) => row.qosMetRatio, percentText),
      numberColumn("makespan", (row) => row.makespanMs, ms),
      numberColumn("peak memory", (row) => row.peakBytes, parts.formatPageBytes),
    ],
    { pageRows: 50, filter: rows.length > 12 },
  )
}

export function startSweep(parts: SweepParts): void {
  const data = JSON.parse(document.getElementById("run-data")!.textContent!) as SweepPageData
  const sweep = parts.seriesOf(data.outcomes)
  const { loads } = sweep
  const panels = (id: string, charts: ReadonlyArray<HTMLElement>) => {
    document.getElementById(id)!.replaceChildren(...charts)
  }
  const titleAt = (load: number) => (loads.length === 1 ? "" : `load ${load}`)
  document.getElementById("load-section")!.hidden = loads.length === 1
  if (loads.length > 1) {
    const met: Pick1 = ({ row }) => row.qosMetRatio
    const mean: Pick1 = ({ row }) => row.meanResponseMs
    panels("load", [
      loadPanel(parts, sweep, { title: "Targets met", pick: met, isShare: true }),
      loadPanel(parts, sweep, { title: "Mean response", pick: mean, isShare: false }),
    ])
  }
  const shown = loads.slice(0, data.maxPanels)
  panels(
    "responses",
    shown.map((load) => responsePanel(parts, sweep, load, titleAt(load))),
  )
  panels(
    "memory",
    shown.map((load) => memoryPanel(parts, sweep, load, titleAt(load))),
  )
  sweepLegend(parts, sweep)
  sweepTables(parts, data)
  parts.wireTheme(() => undefined)
}
