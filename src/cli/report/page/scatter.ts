/// <reference lib="dom" />
// Runs in the browser: predicted against measured, a point per task, on logarithmic axes. On the
// diagonal the prediction was exact.
import type { PageData, PageTask } from "../pageData.ts"
import type { Kit } from "./kit.ts"

export interface ScatterPoint {
  readonly task: PageTask
  readonly predicted: number
  readonly measured: number
}

export function pointsOf(
  tasks: ReadonlyArray<PageTask>,
  predicted: (task: PageTask) => number | null,
  measured: (task: PageTask) => number | null,
): ReadonlyArray<ScatterPoint> {
  return tasks.flatMap((task) => {
    const x = predicted(task)
    const y = measured(task)
    if (task.status !== "completed" || x === null || y === null || x <= 0 || y <= 0) return []
    return [{ task, predicted: x, measured: y }]
  })
}

export function makeScatter(
  kit: Kit,
  chart: {
    readonly id: string
    readonly points: ReadonlyArray<ScatterPoint>
    readonly format: (value: number | null) => string
    readonly base: number
  },
) {
  const canvas = document.getElementById(chart.id) as HTMLCanvasElement
  const values = chart.points.flatMap((point) => [point.predicted, point.measured])
  const log = (value: number) => Math.log(value) / Math.log(chart.base)
  const low = Math.floor(values.reduce((least, value) => Math.min(least, log(value)), Infinity))
  const high = Math.ceil(values.reduce((most, value) => Math.max(most, log(value)), -Infinity))
  const side = { left: 66, right: 14, top: 10, bottom: 34 }
  let scale = { x: (_: number) => 0, y: (_: number) => 0 }
  const draw = () => {
    const { g, width, height } = kit.canvas(canvas, 300)
    if (chart.points.length === 0) {
      g.fillStyle = kit.theme("--muted")
      g.textAlign = "center"
      g.fillText("no completed task", width / 2, height / 2)
      return
    }
    const span = Math.max(1, high - low)
    const x = (value: number) =>
      side.left + ((log(value) - low) / span) * (width - side.left - side.right)
    const y = (value: number) =>
      height - side.bottom - ((log(value) - low) / span) * (height - side.top - side.bottom)
    scale = { x, y }
    const stride = Math.max(1, Math.ceil(span / 6))
    for (let power = low; power <= low + span; power += stride) {
      const value = chart.base ** power
      g.strokeStyle = kit.theme("--grid")
      g.strokeRect(x(value), side.top, 0, height - side.top - side.bottom)
      g.strokeRect(side.left, y(value), width - side.left - side.right, 0)
      g.fillStyle = kit.theme("--muted")
      g.textAlign = "right"
      g.fillText(chart.format(value), side.left - 8, y(value))
      g.textAlign = "center"
      g.fillText(chart.format(value), Math.min(x(value), width - 24), height - side.bottom + 12)
    }
    g.textAlign = "center"
    g.fillText("predicted", (width + side.left) / 2, height - 7)
    g.save()
    g.translate(10, (height - side.bottom) / 2)
    g.rotate(-Math.PI / 2)
    g.fillText("measured", 0, 0)
    g.restore()
    g.strokeStyle = kit.theme("--muted")
    g.beginPath()
    g.moveTo(x(chart.base ** low), y(chart.base ** low))
    g.lineTo(x(chart.base ** (low + span)), y(chart.base ** (low + span)))
    g.stroke()
    g.globalAlpha = chart.points.length > 1000 ? 0.35 : 0.75
    for (const point of chart.points) {
      g.fillStyle = kit.tenantColor(point.task.tenant)
      g.beginPath()
      g.arc(x(point.predicted), y(point.measured), 4, 0, Math.PI * 2)
      g.fill()
    }
    g.globalAlpha = 1
  }
  const hover = (event: MouseEvent) => {
    const near = chart.points.find((point) => {
      const dx = scale.x(point.predicted) - event.offsetX
      const dy = scale.y(point.measured) - event.offsetY
      return dx * dx + dy * dy <= 36
    })
    if (near === undefined) return kit.tip(event, [])
    kit.tip(event, [
      ["task", near.task.id],
      ["model on graph", `${near.task.model} on ${near.task.graph}`],
      ["predicted", chart.format(near.predicted)],
      ["measured", chart.format(near.measured)],
      ["measured / predicted", (near.measured / near.predicted).toFixed(3)],
    ])
  }
  return { canvas, draw, hover }
}

export function makeScatters(kit: Kit, _data: PageData) {
  return [
    makeScatter(kit, {
      id: "scatter-time",
      points: pointsOf(
        kit.tasks,
        (task) => task.predictedMs,
        (task) => task.runMs,
      ),
      format: kit.ms,
      base: 10,
    }),
    makeScatter(kit, {
      id: "scatter-bytes",
      points: pointsOf(
        kit.tasks,
        (task) => task.predictedPeakBytes,
        (task) => task.measuredPeakBytes,
      ),
      format: kit.bytes,
      base: 2,
    }),
  ]
}
