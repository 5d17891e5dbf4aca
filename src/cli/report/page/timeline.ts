/// <reference lib="dom" />
// Runs in the browser: who ran when. A row per lane, tasks coloured by tenant, operators inside
// them where there is room; above, how many tasks waited. Dragging zooms; memory.ts shares the view.
import type { PageData, PageTask } from "../pageData.ts"
import type { Bar, Bars } from "./bars.ts"
import type { Kit } from "./kit.ts"
import type { TimeAxis, TimeView } from "./timeAxis.ts"
import type { Tips } from "./tips.ts"

export function drawWaiting(
  kit: Kit,
  view: TimeView,
  axis: TimeAxis,
  chart: { readonly g: CanvasRenderingContext2D; readonly width: number },
  steps: ReadonlyArray<readonly [number, number]>,
  top: number,
  height: number,
): void {
  const { g, width } = chart
  const most = steps.reduce((high, [, count]) => Math.max(high, count), 1)
  g.fillStyle = kit.theme("--muted")
  g.textAlign = "right"
  g.fillText("waiting", view.left - 8, top + height / 2 - 6)
  g.fillText(`max ${most}`, view.left - 8, top + height / 2 + 7)
  g.save()
  g.beginPath()
  g.rect(view.left, top, width - view.left - view.right, height)
  g.clip()
  g.fillStyle = kit.theme("--waiting")
  g.beginPath()
  g.moveTo(axis.toX(view, width, 0), top + height)
  let level = 0
  for (const [at, count] of steps) {
    const x = axis.toX(view, width, at)
    g.lineTo(x, top + height - (level / most) * height)
    g.lineTo(x, top + height - (count / most) * height)
    level = count
  }
  g.lineTo(width - view.right, top + height - (level / most) * height)
  g.lineTo(width - view.right, top + height)
  g.closePath()
  g.fill()
  g.restore()
}

/** Operators that ran within the bar, where there is room. */
export function drawOps(
  data: PageData,
  g: CanvasRenderingContext2D,
  bar: Bar,
  box: { readonly y: number; readonly height: number },
  opX: (ms: number) => number,
): void {
  const { y, height } = box
  const { ops } = bar.task
  for (let index = 0; index < ops.length; index += 3) {
    if (ops[index + 2]! <= bar.fromMs || ops[index + 1]! >= bar.toMs) continue
    const from = opX(Math.max(bar.fromMs, ops[index + 1]!))
    const to = opX(Math.min(bar.toMs, ops[index + 2]!))
    if (to - from < 1) continue
    g.fillStyle = (index / 3) % 2 === 0 ? "rgba(255,255,255,0.16)" : "rgba(0,0,0,0.10)"
    g.fillRect(from, y + height * 0.55, to - from, height * 0.45 - 3)
    const name = data.opNames[ops[index]!] ?? ""
    g.font = "9px system-ui, sans-serif"
    if (height >= 26 && to - from > g.measureText(name).width + 6) {
      g.fillStyle = "rgba(255,255,255,0.9)"
      g.textAlign = "left"
      g.fillText(name, from + 3, y + height * 0.75)
    }
  }
  g.font = "11px system-ui, sans-serif"
}

/** Where a task gave way: a torn edge that narrow bars show as well. */
export function drawTorn(
  kit: Kit,
  g: CanvasRenderingContext2D,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): void {
  const right = box.x + box.width
  const depth = Math.min(7, Math.max(3, box.width))
  g.fillStyle = kit.theme("--preempt")
  g.beginPath()
  g.moveTo(right, box.y)
  g.lineTo(right, box.y + box.height)
  g.lineTo(right - depth, box.y + box.height / 2)
  g.closePath()
  g.fill()
}

export function drawBar(
  kit: Kit,
  data: PageData,
  g: CanvasRenderingContext2D,
  bar: Bar,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  opX: (ms: number) => number,
): void {
  const { x, y, width, height } = box
  const { task } = bar
  const gaveWay = bar.end === "preempted"
  g.globalAlpha = task.status === "completed" ? 1 : 0.45
  g.fillStyle = kit.tenantColor(task.tenant)
  g.fillRect(x, y, width, height)
  g.globalAlpha = 1
  if (!gaveWay && (task.status !== "completed" || task.qosMet === false)) {
    g.fillStyle = kit.theme("--bad")
    g.fillRect(x, y + height - 3, width, 3)
  }
  if (width > 24) {
    drawOps(data, g, bar, box, opX)
    if (height >= 16 && width > g.measureText(task.id).width + 8) {
      g.fillStyle = "#fff"
      g.textAlign = "left"
      g.fillText(task.id, x + 4, y + (task.ops.length > 0 ? height * 0.3 : height / 2))
    }
  }
  if (gaveWay) drawTorn(kit, g, box)
}

export function drawLaneRow(
  kit: Kit,
  data: PageData,
  view: TimeView,
  axis: TimeAxis,
  chart: { readonly g: CanvasRenderingContext2D; readonly width: number },
  row: { readonly bars: ReadonlyArray<Bar>; readonly y: number; readonly height: number },
): void {
  const { g, width } = chart
  g.save()
  g.beginPath()
  g.rect(view.left, row.y, width - view.left - view.right, row.height)
  g.clip()
  const opX = (ms: number) => axis.toX(view, width, ms)
  let drawnTo = Number.NEGATIVE_INFINITY
  for (const bar of row.bars) {
    if (bar.toMs < view.startMs || bar.fromMs > view.endMs) continue
    const x = opX(bar.fromMs)
    const right = Math.max(x + 1, opX(bar.toMs))
    // Thousands of tasks thinner than a pixel: one rectangle per pixel is all that can be seen.
    if (right <= drawnTo) continue
    const gap = right - x > 3 ? 0.5 : 0
    drawBar(
      kit,
      data,
      g,
      bar,
      { x, y: row.y + 1, width: right - x - gap, height: row.height - 2 },
      opX,
    )
    drawnTo = right - x < 1.5 ? Math.ceil(right) : right
  }
  g.restore()
}

/** A mark for each, at the moment of its end. */
export function drawRefused(
  kit: Kit,
  view: TimeView,
  axis: TimeAxis,
  chart: { readonly g: CanvasRenderingContext2D; readonly width: number },
  row: { readonly tasks: ReadonlyArray<PageTask>; readonly y: number; readonly height: number },
): void {
  const { g, width } = chart
  g.fillStyle = kit.theme("--muted")
  g.textAlign = "right"
  g.fillText("not run", view.left - 8, row.y + row.height / 2)
  g.fillStyle = kit.theme("--bad")
  for (const task of row.tasks) {
    const x = axis.toX(view, width, task.finishedAtMs!)
    if (x < view.left - 1 || x > width - view.right + 1) continue
    g.fillRect(x - 1, row.y + 3, 2, row.height - 6)
  }
}

export function makeTimeline(
  kit: Kit,
  data: PageData,
  over: { readonly view: TimeView; readonly axis: TimeAxis },
  shown: { readonly bars: Bars; readonly tips: Tips },
) {
  const { axis, view } = over
  const { lanes, refused, waiting } = shown.bars
  const canvas = document.getElementById("timeline") as HTMLCanvasElement
  const laneHeight = lanes.length <= 8 ? 40 : lanes.length <= 24 ? 22 : 12
  const waitingHeight = 36
  const refusedHeight = refused.length === 0 ? 0 : 18
  const top = waitingHeight + 10 + refusedHeight
  const bottom = top + lanes.length * laneHeight
  let width = 0
  const draw = () => {
    const chart = kit.canvas(canvas, bottom + 22)
    width = chart.width
    axis.draw(kit, view, chart, 0, bottom)
    drawWaiting(kit, view, axis, chart, waiting, 0, waitingHeight)
    const row = { tasks: refused, y: waitingHeight + 6, height: refusedHeight }
    if (refused.length > 0) drawRefused(kit, view, axis, chart, row)
    lanes.forEach((bars, lane) => {
      const y = top + lane * laneHeight
      chart.g.fillStyle = kit.theme("--lane")
      chart.g.fillRect(view.left, y + 1, chart.width - view.left - view.right, laneHeight - 2)
      chart.g.fillStyle = kit.theme("--muted")
      chart.g.textAlign = "right"
      chart.g.fillText(`lane ${lane}`, view.left - 8, y + laneHeight / 2)
      drawLaneRow(kit, data, view, axis, chart, { bars, y, height: laneHeight })
    })
    axis.drawSelection(kit, view, chart.g, bottom)
  }
  const hover = (event: MouseEvent) => {
    const at = axis.toTime(view, width, event.offsetX)
    const slack = ((view.endMs - view.startMs) / Math.max(1, width)) * 1.5
    if (event.offsetY > waitingHeight && event.offsetY < top) {
      const task = refused.find((one) => Math.abs(one.finishedAtMs! - at) <= 2 * slack)
      return kit.tip(event, task === undefined ? [] : shown.tips.task(task))
    }
    const lane = lanes[Math.floor((event.offsetY - top) / laneHeight)]
    const bar = lane?.find((one) => one.fromMs - slack <= at && at <= one.toMs + slack)
    kit.tip(event, bar === undefined ? [] : shown.tips.bar(bar))
  }
  return { canvas, draw, hover }
}
