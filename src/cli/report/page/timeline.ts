/// <reference lib="dom" />
// Runs in the browser: who ran when. A row per lane, tasks coloured by tenant, operators inside
// them where there is room; above, how many tasks waited. Dragging zooms; memory.ts shares the view.
import type { PageData, PageTask } from "../pageData.ts"
import type { Kit } from "./kit.ts"
import type { TimeAxis, TimeView } from "./timeAxis.ts"

/** Steps of the number of tasks that are submitted and not started. */
export function waitingSteps(
  tasks: ReadonlyArray<PageTask>,
): ReadonlyArray<readonly [number, number]> {
  const changes = tasks.flatMap((task): Array<[number, number]> => {
    const left = task.startedAtMs ?? task.finishedAtMs
    return left === null
      ? [[task.submittedAtMs, 1]]
      : [
          [task.submittedAtMs, 1],
          [left, -1],
        ]
  })
  changes.sort((a, b) => a[0] - b[0] || b[1] - a[1])
  let count = 0
  return changes.map(([at, change]) => {
    count += change
    return [at, count] as const
  })
}

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

export function drawTask(
  kit: Kit,
  data: PageData,
  g: CanvasRenderingContext2D,
  task: PageTask,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  opX: (ms: number) => number,
): void {
  const { x, y, width, height } = box
  g.globalAlpha = task.status === "completed" ? 1 : 0.45
  g.fillStyle = kit.tenantColor(task.tenant)
  g.fillRect(x, y, width, height)
  g.globalAlpha = 1
  if (task.status !== "completed" || task.qosMet === false) {
    g.fillStyle = kit.theme("--bad")
    g.fillRect(x, y + height - 3, width, 3)
  }
  if (width > 24) {
    for (let index = 0; index < task.ops.length; index += 3) {
      const from = opX(task.ops[index + 1]!)
      const to = opX(task.ops[index + 2]!)
      if (to - from < 1) continue
      g.fillStyle = (index / 3) % 2 === 0 ? "rgba(255,255,255,0.16)" : "rgba(0,0,0,0.10)"
      g.fillRect(from, y + height * 0.55, to - from, height * 0.45 - 3)
      const name = data.opNames[task.ops[index]!] ?? ""
      g.font = "9px system-ui, sans-serif"
      if (height >= 26 && to - from > g.measureText(name).width + 6) {
        g.fillStyle = "rgba(255,255,255,0.9)"
        g.textAlign = "left"
        g.fillText(name, from + 3, y + height * 0.75)
      }
    }
    g.font = "11px system-ui, sans-serif"
    if (height >= 16 && width > g.measureText(task.id).width + 8) {
      g.fillStyle = "#fff"
      g.textAlign = "left"
      g.fillText(task.id, x + 4, y + (task.ops.length > 0 ? height * 0.3 : height / 2))
    }
  }
}

export function taskTip(
  kit: Kit,
  data: PageData,
  task: PageTask,
): Array<readonly [string, string]> {
  const rows: Array<readonly [string, string]> = [
    ["task", task.id],
    ["tenant", task.tenant],
    ["model on graph", `${task.model} on ${task.graph}`],
    ["status", task.status],
    ["waited", kit.ms(task.queueMs)],
    ["ran", `${kit.ms(task.runMs)} (predicted ${kit.ms(task.predictedMs)})`],
    ["response", kit.ms(task.responseMs)],
    ["peak memory", kit.bytes(task.measuredPeakBytes ?? task.predictedPeakBytes)],
  ]
  if (task.deadlineMs !== null) {
    rows.push([
      "deadline",
      `${kit.ms(task.deadlineMs)}, ${task.qosMet === true ? "met" : "missed"}`,
    ])
  }
  if (task.group !== null) rows.push(["group", String(task.group)])
  if (task.attempts > 1) rows.push(["attempts", String(task.attempts)])
  if (task.reason !== null) rows.push(["reason", task.reason])
  for (let index = 0; index < Math.min(task.ops.length, 36); index += 3) {
    const name = data.opNames[task.ops[index]!] ?? ""
    rows.push([`· ${name}`, kit.ms(task.ops[index + 2]! - task.ops[index + 1]!)])
  }
  return rows
}

/** Tasks of each lane, by start. */
export function tasksByLane(kit: Kit, lanes: number): ReadonlyArray<ReadonlyArray<PageTask>> {
  const rows: Array<Array<PageTask>> = Array.from({ length: lanes }, () => [])
  for (const task of kit.tasks) {
    if (task.lane !== null && task.startedAtMs !== null) rows[task.lane]?.push(task)
  }
  for (const row of rows) row.sort((a, b) => a.startedAtMs! - b.startedAtMs!)
  return rows
}

export function drawLaneRow(
  kit: Kit,
  data: PageData,
  view: TimeView,
  axis: TimeAxis,
  chart: { readonly g: CanvasRenderingContext2D; readonly width: number },
  row: { readonly tasks: ReadonlyArray<PageTask>; readonly y: number; readonly height: number },
): void {
  const { g, width } = chart
  g.save()
  g.beginPath()
  g.rect(view.left, row.y, width - view.left - view.right, row.height)
  g.clip()
  const opX = (ms: number) => axis.toX(view, width, ms)
  let drawnTo = Number.NEGATIVE_INFINITY
  for (const task of row.tasks) {
    const end = task.finishedAtMs ?? view.fullMs
    if (end < view.startMs || task.startedAtMs! > view.endMs) continue
    const x = opX(task.startedAtMs!)
    const right = Math.max(x + 1, opX(end))
    // Thousands of tasks thinner than a pixel: one rectangle per pixel is all that can be seen.
    if (right <= drawnTo) continue
    const gap = right - x > 3 ? 0.5 : 0
    drawTask(
      kit,
      data,
      g,
      task,
      { x, y: row.y + 1, width: right - x - gap, height: row.height - 2 },
      opX,
    )
    drawnTo = right - x < 1.5 ? Math.ceil(right) : right
  }
  g.restore()
}

export function makeTimeline(kit: Kit, data: PageData, view: TimeView, axis: TimeAxis) {
  const canvas = document.getElementById("timeline") as HTMLCanvasElement
  const lanes = tasksByLane(kit, data.device.lanes)
  const steps = waitingSteps(kit.tasks)
  const laneHeight = lanes.length <= 8 ? 40 : lanes.length <= 24 ? 22 : 12
  const waitingHeight = 36
  const top = waitingHeight + 10
  const bottom = top + lanes.length * laneHeight
  let width = 0
  const draw = () => {
    const chart = kit.canvas(canvas, bottom + 22)
    width = chart.width
    axis.draw(kit, view, chart, 0, bottom)
    drawWaiting(kit, view, axis, chart, steps, 0, waitingHeight)
    lanes.forEach((tasks, lane) => {
      const y = top + lane * laneHeight
      chart.g.fillStyle = kit.theme("--lane")
      chart.g.fillRect(view.left, y + 1, chart.width - view.left - view.right, laneHeight - 2)
      chart.g.fillStyle = kit.theme("--muted")
      chart.g.textAlign = "right"
      chart.g.fillText(`lane ${lane}`, view.left - 8, y + laneHeight / 2)
      drawLaneRow(kit, data, view, axis, chart, { tasks, y, height: laneHeight })
    })
    axis.drawSelection(kit, view, chart.g, bottom)
  }
  const hover = (event: MouseEvent) => {
    const at = axis.toTime(view, width, event.offsetX)
    const slack = ((view.endMs - view.startMs) / Math.max(1, width)) * 1.5
    const lane = lanes[Math.floor((event.offsetY - top) / laneHeight)]
    const task = lane?.find(
      (one) => one.startedAtMs! - slack <= at && at <= (one.finishedAtMs ?? view.fullMs) + slack,
    )
    kit.tip(event, task === undefined ? [] : taskTip(kit, data, task))
  }
  return { canvas, draw, hover }
}
