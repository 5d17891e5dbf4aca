/// <reference lib="dom" />
// Runs in the browser: reads the embedded run, draws every part, and wires zoom, hover and theme.
import type { PageData } from "../pageData.ts"
import type * as barsPart from "./bars.ts"
import type * as kitPart from "./kit.ts"
import type * as memoryPart from "./memory.ts"
import type * as overviewPart from "./overview.ts"
import type * as preemptionsPart from "./preemptions.ts"
import type * as scatterPart from "./scatter.ts"
import type * as tablePart from "./table.ts"
import type * as tablesPart from "./tables.ts"
import type * as themePart from "./theme.ts"
import type * as timeAxisPart from "./timeAxis.ts"
import type * as timelinePart from "./timeline.ts"
import type * as tipsPart from "./tips.ts"

/** The other files' functions, handed in: under a bundler, imported names do not survive inlining. */
export type PageParts = Pick<typeof kitPart, "makeKit"> &
  Pick<typeof overviewPart, "drawHead" | "drawFigures" | "drawLegend"> &
  Pick<typeof timeAxisPart, "makeTimeAxis"> &
  Pick<typeof timelinePart, "makeTimeline"> &
  Pick<typeof barsPart, "makeBars"> &
  Pick<typeof tipsPart, "makeTips"> &
  Pick<typeof themePart, "wireTheme"> &
  Pick<typeof memoryPart, "makeMemory"> &
  Pick<typeof scatterPart, "makeScatters"> &
  Pick<typeof preemptionsPart, "drawPreemptions"> &
  Pick<typeof tablePart, "makeTable"> &
  Pick<typeof tablesPart, "drawTenants" | "drawTasks" | "drawFailures" | "drawDecisions">

interface Chart {
  readonly canvas: HTMLCanvasElement
  readonly draw: () => void
  readonly hover: (event: MouseEvent) => void
}

export function wireHover(kit: kitPart.Kit, chart: Chart): void {
  chart.canvas.addEventListener("mousemove", chart.hover)
  chart.canvas.addEventListener("mouseleave", () => kit.tip(null, []))
}

/** Dragging over a chart zooms both to that stretch; a double click shows all again. */
export function wireZoom(
  axis: timeAxisPart.TimeAxis,
  view: timeAxisPart.TimeView,
  chart: Chart,
  redraw: () => void,
): void {
  const { canvas } = chart
  canvas.addEventListener("mousedown", (event) => {
    view.drag = { from: event.offsetX, to: event.offsetX }
  })
  canvas.addEventListener("mousemove", (event) => {
    if (view.drag === null) return
    view.drag.to = event.offsetX
    redraw()
  })
  window.addEventListener("mouseup", () => {
    if (view.drag === null) return
    const { from, to } = view.drag
    view.drag = null
    if (Math.abs(to - from) > 4) {
      const width = canvas.clientWidth
      const startMs = axis.toTime(view, width, Math.min(from, to))
      const endMs = axis.toTime(view, width, Math.max(from, to))
      view.startMs = Math.max(0, startMs)
      view.endMs = Math.max(view.startMs + 1e-3, Math.min(view.fullMs, endMs))
    }
    redraw()
  })
  canvas.addEventListener("dblclick", () => {
    view.startMs = 0
    view.endMs = view.fullMs
    redraw()
  })
}

export function startPage(parts: PageParts): void {
  const data = JSON.parse(document.getElementById("run-data")!.textContent!) as PageData
  const kit = parts.makeKit(data)
  const lastMemoryMs = data.memory.reduce((last, row) => Math.max(last, row[0]), 0)
  const fullMs = Math.max(1e-3, data.makespanMs, Math.min(lastMemoryMs, data.makespanMs * 1.05))
  const view = { startMs: 0, endMs: fullMs, fullMs, left: 76, right: 12, drag: null }
  const axis = parts.makeTimeAxis()
  const shown = { bars: parts.makeBars(kit, data, fullMs), tips: parts.makeTips(kit, data) }
  const timeline = parts.makeTimeline(kit, data, { view, axis }, shown)
  const memory = parts.makeMemory(kit, data, view, axis)
  const scatters = parts.makeScatters(kit, data)
  const drawTimes = () => {
    timeline.draw()
    memory.draw()
  }
  const drawAll = () => {
    drawTimes()
    for (const scatter of scatters) scatter.draw()
  }
  parts.drawHead(kit, data)
  parts.drawFigures(kit, data)
  parts.drawLegend(kit, data)
  for (const chart of [timeline, memory]) {
    wireHover(kit, chart)
    wireZoom(axis, view, chart, drawTimes)
  }
  for (const scatter of scatters) wireHover(kit, scatter)
  const mapBox = document.getElementById("memory-map") as HTMLInputElement
  mapBox.addEventListener("change", () => memory.setMap(mapBox.checked))
  window.addEventListener("resize", drawAll)
  parts.wireTheme(drawAll)
  parts.drawTenants(kit, data, parts.makeTable)
  parts.drawTasks(kit, data, parts.makeTable)
  parts.drawPreemptions(kit, data, parts.makeTable)
  parts.drawFailures(kit, data, parts.makeTable)
  parts.drawDecisions(kit, data, parts.makeTable)
}
