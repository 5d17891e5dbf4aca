/// <reference lib="dom" />
// Runs in the browser: what the pool held over time, against the budget. Stacked: resident objects
// below, the arenas of running tasks above. Address map: each range where it really lay.
import type { PageData } from "../pageData.ts"
import type { Kit } from "./kit.ts"
import type { TimeAxis, TimeView } from "./timeAxis.ts"

/** Something that held a range from one moment to another. */
export interface Holding {
  readonly arena: boolean
  readonly label: string
  readonly offset: number
  readonly bytes: number
  readonly fromMs: number
  toMs: number
  /** Where its band begins in the stacked picture, per moment it changed: pairs (at, base). */
  readonly bases: Array<readonly [number, number]>
}

export interface ResidentStep {
  readonly atMs: number
  readonly bytes: number
}

export function holdingsOf(data: PageData, fullMs: number) {
  const open = new Map<string, Holding>()
  const holdings: Array<Holding> = []
  const residents: Array<ResidentStep> = []
  let residentBytes = 0
  let stacked: Array<Holding> = []
  for (const [atMs, isArena, label, signed, offset] of data.memory) {
    const key = `${isArena}:${offset}:${label}`
    if (signed > 0) {
      const holding = {
        arena: isArena === 1,
        label,
        offset,
        bytes: signed,
        fromMs: atMs,
        toMs: fullMs,
        bases: [],
      }
      open.set(key, holding)
      holdings.push(holding)
      if (holding.arena) stacked.push(holding)
    } else {
      const holding = open.get(key)
      if (holding !== undefined) holding.toMs = atMs
      open.delete(key)
      stacked = stacked.filter((other) => other !== holding)
    }
    if (isArena === 0) {
      residentBytes += signed
      residents.push({ atMs, bytes: residentBytes })
    }
    let base = residentBytes
    for (const holding of stacked) {
      const last = holding.bases.at(-1)
      if (last === undefined || last[1] !== base) holding.bases.push([atMs, base])
      base += holding.bytes
    }
  }
  return { holdings, residents }
}

export interface MemoryChart {
  readonly g: CanvasRenderingContext2D
  readonly width: number
  readonly x: (ms: number) => number
  readonly y: (bytes: number) => number
}

export function drawResidentArea(
  kit: Kit,
  chart: MemoryChart,
  residents: ReadonlyArray<ResidentStep>,
  view: TimeView,
): void {
  const { g, x, y } = chart
  g.fillStyle = kit.theme("--resident")
  g.beginPath()
  g.moveTo(x(0), y(0))
  let level = 0
  for (const step of residents) {
    g.lineTo(x(step.atMs), y(level))
    g.lineTo(x(step.atMs), y(step.bytes))
    level = step.bytes
  }
  g.lineTo(x(view.fullMs), y(level))
  g.lineTo(x(view.fullMs), y(0))
  g.closePath()
  g.fill()
}

/** Rectangles of a holding in the stacked picture: from, to, base. */
export function bandsOf(holding: Holding): ReadonlyArray<readonly [number, number, number]> {
  return holding.bases.map(([from, base], index) => {
    const next = holding.bases[index + 1]
    return [from, next === undefined ? holding.toMs : next[0], base] as const
  })
}

export function drawBox(
  chart: MemoryChart,
  color: string,
  box: {
    readonly from: number
    readonly to: number
    readonly base: number
    readonly bytes: number
  },
): void {
  const { g, x, y } = chart
  const left = x(box.from)
  const top = y(box.base + box.bytes)
  const width = Math.max(0.75, x(box.to) - left)
  const height = Math.max(0.75, y(box.base) - top)
  g.fillStyle = color
  g.fillRect(left, top, width, height)
  if (width > 4 && height > 4) {
    g.strokeStyle = "rgba(0,0,0,0.18)"
    g.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1)
  }
}

export function drawByteAxis(kit: Kit, chart: MemoryChart, view: TimeView, most: number): void {
  const { g, width, y } = chart
  for (const tick of kit.byteTicks(most, 5)) {
    g.strokeStyle = kit.theme("--grid")
    g.beginPath()
    g.moveTo(view.left, Math.round(y(tick)) + 0.5)
    g.lineTo(width - view.right, Math.round(y(tick)) + 0.5)
    g.stroke()
    g.fillStyle = kit.theme("--muted")
    g.textAlign = "right"
    g.fillText(kit.bytes(tick), view.left - 8, y(tick))
  }
}

export function drawBudget(
  kit: Kit,
  chart: MemoryChart,
  view: TimeView,
  budgetBytes: number,
): void {
  const { g, width, y } = chart
  const line = Math.round(y(budgetBytes)) + 0.5
  g.save()
  g.setLineDash([6, 4])
  g.strokeStyle = kit.theme("--bad")
  g.lineWidth = 1.5
  g.beginPath()
  g.moveTo(view.left, line)
  g.lineTo(width - view.right, line)
  g.stroke()
  g.restore()
  g.fillStyle = kit.theme("--bad")
  g.textAlign = "right"
  g.fillText(`budget ${kit.bytes(budgetBytes)}`, width - view.right - 4, line - 8)
}

export function holdingTip(kit: Kit, holding: Holding): Array<readonly [string, string]> {
  const task = holding.arena ? kit.byId.get(holding.label) : undefined
  const rows: Array<readonly [string, string]> = [
    [holding.arena ? "arena of" : "resident", holding.label],
    ["bytes", `${kit.bytes(holding.bytes)} at offset ${holding.offset}`],
    ["held", `${kit.ms(holding.fromMs)} to ${kit.ms(holding.toMs)}`],
  ]
  if (task !== undefined)
    rows.push(["tenant", task.tenant], ["model on graph", `${task.model} on ${task.graph}`])
  return rows
}

export function makeMemory(kit: Kit, data: PageData, view: TimeView, axis: TimeAxis) {
  const canvas = document.getElementById("memory") as HTMLCanvasElement
  const { holdings, residents } = holdingsOf(data, view.fullMs)
  const budget = data.device.budgetBytes
  // With a budget far above what was used, the picture would be a flat line: zoom to what was used.
  const scaleTo = (used: number) => Math.max(1, used < budget / 4 ? used * 1.25 : budget * 1.06)
  const highest = holdings.reduce((high, one) => Math.max(high, one.offset + one.bytes), 0)
  let most = scaleTo(data.device.peakBytes)
  const plot = 240
  const top = 14
  let map = false
  let last: MemoryChart | null = null
  const colorOf = (holding: Holding) => {
    if (!holding.arena) return kit.theme("--resident")
    return kit.tenantColor(kit.byId.get(holding.label)?.tenant ?? "")
  }
  const boxesOf = (holding: Holding) =>
    map
      ? [[holding.fromMs, holding.toMs, holding.offset] as const]
      : holding.arena
        ? bandsOf(holding)
        : []
  const draw = () => {
    const { g, width } = kit.canvas(canvas, top + plot + 22)
    const y = (bytes: number) => top + plot - (bytes / most) * plot
    const chart = { g, width, x: (ms: number) => axis.toX(view, width, ms), y }
    last = chart
    axis.draw(kit, view, chart, top, top + plot)
    drawByteAxis(kit, chart, view, most)
    g.save()
    g.beginPath()
    g.rect(view.left, top, width - view.left - view.right, plot)
    g.clip()
    if (!map) drawResidentArea(kit, chart, residents, view)
    for (const holding of holdings) {
      if (holding.toMs < view.startMs || holding.fromMs > view.endMs) continue
      for (const [from, to, base] of boxesOf(holding)) {
        drawBox(chart, colorOf(holding), { from, to, base, bytes: holding.bytes })
      }
    }
    g.restore()
    if (budget <= most) drawBudget(kit, chart, view, budget)
    axis.drawSelection(kit, view, g, top + plot)
  }
  const hover = (event: MouseEvent) => {
    if (last === null) return
    const at = axis.toTime(view, last.width, event.offsetX)
    const level = ((top + plot - event.offsetY) / plot) * most
    const inside = (holding: Holding) =>
      boxesOf(holding).some(
        ([from, to, base]) =>
          from <= at && at <= to && base <= level && level <= base + holding.bytes,
      )
    const holding = holdings.find(inside)
    if (holding !== undefined) return kit.tip(event, holdingTip(kit, holding))
    const step = residents.findLast((one) => one.atMs <= at)
    const onResidents = !map && step !== undefined && level >= 0 && level <= step.bytes
    kit.tip(event, onResidents ? [["residents", kit.bytes(step.bytes)]] : [])
  }
  const setMap = (on: boolean) => {
    map = on
    most = scaleTo(on ? highest : data.device.peakBytes)
    draw()
  }
  return { canvas, draw, hover, setMap }
}
