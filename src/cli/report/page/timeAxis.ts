/// <reference lib="dom" />
// Runs in the browser: the stretch of time that both charts show, where a moment lies in it, and the
// axis and the selection drawn over it.
import type { Kit } from "./kit.ts"

/** The stretch of time that is shown; both charts draw it. */
export interface TimeView {
  startMs: number
  endMs: number
  readonly fullMs: number
  readonly left: number
  readonly right: number
  /** Where a drag began and is, in pixels; null when none is on. */
  drag: { from: number; to: number } | null
}

export function timeToX(view: TimeView, width: number, ms: number): number {
  const inner = width - view.left - view.right
  return view.left + ((ms - view.startMs) / (view.endMs - view.startMs)) * inner
}

export function xToTime(view: TimeView, width: number, x: number): number {
  const inner = width - view.left - view.right
  return view.startMs + ((x - view.left) / inner) * (view.endMs - view.startMs)
}

export function drawTimeAxis(
  kit: Kit,
  view: TimeView,
  chart: { readonly g: CanvasRenderingContext2D; readonly width: number },
  top: number,
  bottom: number,
): void {
  const { g, width } = chart
  g.textAlign = "center"
  for (const tick of kit.ticks(view.startMs, view.endMs, Math.max(2, width / 120))) {
    const x = Math.round(timeToX(view, width, tick)) + 0.5
    g.strokeStyle = kit.theme("--grid")
    g.beginPath()
    g.moveTo(x, top)
    g.lineTo(x, bottom)
    g.stroke()
    g.fillStyle = kit.theme("--muted")
    g.fillText(kit.ms(tick), Math.min(Math.max(x, view.left), width - 24), bottom + 10)
  }
}

export function drawSelection(
  kit: Kit,
  view: TimeView,
  g: CanvasRenderingContext2D,
  height: number,
) {
  if (view.drag === null) return
  const low = Math.min(view.drag.from, view.drag.to)
  g.fillStyle = kit.theme("--select")
  g.fillRect(low, 0, Math.abs(view.drag.to - view.drag.from), height)
}

/** The functions above as one value, for the files that draw over time. */
export interface TimeAxis {
  readonly toX: (view: TimeView, width: number, ms: number) => number
  readonly toTime: (view: TimeView, width: number, x: number) => number
  readonly draw: (
    kit: Kit,
    view: TimeView,
    chart: { readonly g: CanvasRenderingContext2D; readonly width: number },
    top: number,
    bottom: number,
  ) => void
  readonly drawSelection: (
    kit: Kit,
    view: TimeView,
    g: CanvasRenderingContext2D,
    height: number,
  ) => void
}

export function makeTimeAxis(): TimeAxis {
  return { toX: timeToX, toTime: xToTime, draw: drawTimeAxis, drawSelection }
}
