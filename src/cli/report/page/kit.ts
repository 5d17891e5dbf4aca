/// <reference lib="dom" />
// Runs in the browser, inside report.html: what every part of the page shares. The functions of
// this folder are inlined by their source, so each may use only its arguments, its file's functions
// and the browser.
import type { PageData, PageTask } from "../pageData.ts"

export interface Kit {
  readonly tasks: ReadonlyArray<PageTask>
  readonly byId: ReadonlyMap<string, PageTask>
  /** Of a task whose run answered others: their ids. */
  readonly answers: ReadonlyMap<string, ReadonlyArray<string>>
  /** What a task waited for; null when that was not told, or it did not wait. */
  readonly waited: (task: PageTask) => string | null
  /** The first few of some ids, and how many more. */
  readonly some: (ids: ReadonlyArray<string>) => string
  readonly el: (tag: string, className: string, ...children: Array<Node | string>) => HTMLElement
  readonly bytes: (value: number | null) => string
  readonly ms: (value: number | null) => string
  readonly tenantColor: (tenant: string) => string
  readonly theme: (name: string) => string
  readonly tip: (event: MouseEvent | null, rows: ReadonlyArray<readonly [string, string]>) => void
  /** Sizes a canvas to its box and clears it. */
  readonly canvas: (
    canvas: HTMLCanvasElement,
    height: number,
  ) => { readonly g: CanvasRenderingContext2D; readonly width: number; readonly height: number }
  /** About `count` round numbers from `low` to `high`. */
  readonly ticks: (low: number, high: number, count: number) => ReadonlyArray<number>
  /** Binary ticks for bytes. */
  readonly byteTicks: (high: number, count: number) => ReadonlyArray<number>
}

export function inflateTasks(data: PageData): ReadonlyArray<PageTask> {
  return data.taskRows.map((row) => {
    const task: Record<string, unknown> = {}
    data.taskColumns.forEach((column, index) => {
      task[column] = row[index]
    })
    return task as unknown as PageTask
  })
}

export function formatScaled(value: number, steps: ReadonlyArray<readonly [number, string]>) {
  const step = steps.find(([size]) => Math.abs(value) >= size) ?? steps[steps.length - 1]!
  const scaled = value / step[0]
  const digits = Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2
  return `${Number(scaled.toFixed(digits))} ${step[1]}`
}

export function formatPageBytes(value: number | null): string {
  if (value === null) return "–"
  return formatScaled(value, [
    [2 ** 30, "GiB"],
    [2 ** 20, "MiB"],
    [2 ** 10, "KiB"],
    [1, "B"],
  ])
}

export function formatPageMs(value: number | null): string {
  if (value === null) return "–"
  if (value === 0) return "0 ms"
  return formatScaled(value, [
    [60e3, "min"],
    [1e3, "s"],
    [1, "ms"],
    [1e-3, "µs"],
  ])
}

export function roundTicks(low: number, high: number, count: number): ReadonlyArray<number> {
  const rough = (high - low) / Math.max(1, count)
  if (!(rough > 0)) return [low]
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!
  const ticks: Array<number> = []
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) {
    ticks.push(Math.abs(tick) < step * 1e-6 ? 0 : tick)
  }
  return ticks
}

export function roundByteTicks(high: number, count: number): ReadonlyArray<number> {
  const rough = Math.max(1, high / Math.max(1, count))
  const step = 2 ** Math.ceil(Math.log2(rough))
  const ticks: Array<number> = []
  for (let tick = 0; tick <= high; tick += step) ticks.push(tick)
  return ticks
}

export function prepareCanvas(canvas: HTMLCanvasElement, height: number) {
  const ratio = window.devicePixelRatio || 1
  const width = Math.max(200, canvas.parentElement!.clientWidth)
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const g = canvas.getContext("2d")!
  g.setTransform(ratio, 0, 0, ratio, 0, 0)
  g.clearRect(0, 0, width, height)
  g.font = "11px system-ui, sans-serif"
  g.textBaseline = "middle"
  return { g, width, height }
}

/** Text only ever enters the page as text nodes: ids are data, never markup. */
export function makeElement(
  tag: string,
  className: string,
  ...children: Array<Node | string>
): HTMLElement {
  const element = document.createElement(tag)
  if (className !== "") element.className = className
  element.append(...children)
  return element
}

export function showTip(
  event: MouseEvent | null,
  rows: ReadonlyArray<readonly [string, string]>,
): void {
  const tip = document.getElementById("tip")!
  tip.hidden = event === null || rows.length === 0
  if (event === null || rows.length === 0) return
  const cells = rows.flatMap(([key, value]) => [
    makeElement("dt", "", key),
    makeElement("dd", "", value),
  ])
  tip.replaceChildren(makeElement("dl", "", ...cells))
  const x = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)
  const below = event.clientY + 14
  const y =
    below + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 10 : below
  tip.style.left = `${Math.max(4, x)}px`
  tip.style.top = `${Math.max(4, y)}px`
}

export function answersOf(
  tasks: ReadonlyArray<PageTask>,
): ReadonlyMap<string, ReadonlyArray<string>> {
  const answers = new Map<string, Array<string>>()
  for (const { id, sharedWith } of tasks) {
    if (sharedWith === null) continue
    const known = answers.get(sharedWith)
    if (known === undefined) answers.set(sharedWith, [id])
    else known.push(id)
  }
  return answers
}

export function waitedText({ waitedMs }: PageTask): string | null {
  const parts = Object.entries(waitedMs ?? {}).map(
    ([reason, ms]) => `${reason} ${formatPageMs(ms)}`,
  )
  return parts.length === 0 ? null : parts.join(", ")
}

export function listSome(ids: ReadonlyArray<string>): string {
  const shown = ids.slice(0, 6).join(", ")
  return ids.length > 6 ? `${shown}, and ${ids.length - 6} more` : shown
}

export function makeKit(data: PageData): Kit {
  const tasks = inflateTasks(data)
  // Okabe-Ito without black and with two more: told apart by colour-blind eyes, on light and dark.
  const palette = ["#3b82d0", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8f7fd6"]
  const order = new Map(data.tenants.map((tenant, index) => [tenant.id, index]))
  return {
    tasks,
    answers: answersOf(tasks),
    some: listSome,
    waited: waitedText,
    byId: new Map(tasks.map((task) => [task.id, task])),
    el: makeElement,
    bytes: formatPageBytes,
    ms: formatPageMs,
    tenantColor: (tenant) => {
      const index = order.get(tenant) ?? 0
      // Beyond the palette: hues a golden angle apart.
      return palette[index] ?? `hsl(${(index * 137.5) % 360} 55% 52%)`
    },
    theme: (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim(),
    tip: showTip,
    canvas: prepareCanvas,
    ticks: roundTicks,
    byteTicks: roundByteTicks,
  }
}
