/// <reference lib="dom" />
// Runs in the browser: lines over a common axis as SVG, so that colours follow the theme and every line
// has a name that is read out. The caller brings the scales.
import type { Scale } from "./scales.ts"

export interface Line {
  readonly name: string
  readonly series: number
  readonly color: string
  readonly dash: string
  readonly points: ReadonlyArray<readonly [x: number, y: number]>
}

export interface ChartSpec {
  readonly title: string
  /** What it shows, for who cannot see it. */
  readonly label: string
  readonly width: number
  readonly height: number
  readonly x: Scale & { readonly format: (value: number) => string; readonly title: string }
  readonly y: Scale & { readonly format: (value: number) => string }
  readonly lines: ReadonlyArray<Line>
  /** A value holds until the next point, or goes straight to it. */
  readonly shape: "steps" | "straight"
  /** Marks on the points: where there are few. */
  readonly dots: boolean
  /** A line across at this height. */
  readonly limit: { readonly value: number; readonly name: string } | null
}

export function svgElement(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: ReadonlyArray<Node | string>
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

export function pathOf(
  points: ReadonlyArray<readonly [number, number]>,
  x: (value: number) => number,
  y: (value: number) => number,
  shape: ChartSpec["shape"],
): string {
  const place = (value: number) => Math.round(value * 10) / 10
  return points
    .map(([at, value], i) => {
      const to = `${place(x(at))} ${place(y(value))}`
      if (i === 0) return `M${to}`
      return shape === "steps" ? `H${place(x(at))}V${place(y(value))}` : `L${to}`
    })
    .join("")
}

export function chartAxes({ height, width, x, y }: ChartSpec): ReadonlyArray<SVGElement> {
  const [left, right] = [x.at(x.ticks[0] ?? 0), width - 10]
  const bottom = height - 34
  const rows = y.ticks.flatMap((tick) => [
    svgElement("line", { class: "grid", x1: 62, x2: right, y1: y.at(tick), y2: y.at(tick) }),
    svgElement("text", { class: "tick end", x: 56, y: y.at(tick) + 4 }, y.format(tick)),
  ])
  const columns = x.ticks.flatMap((tick) => {
    const at = x.at(tick)
    // A name in the middle of the last tick would be cut off.
    const place =
      at > width - 24 ? { class: "tick end", x: right + 6 } : { class: "tick middle", x: at }
    return [
      svgElement("line", { class: "grid", x1: at, x2: at, y1: 10, y2: bottom }),
      svgElement("text", { ...place, y: bottom + 14 }, x.format(tick)),
    ]
  })
  const middle = (Math.min(left, 62) + right) / 2
  const title = svgElement("text", { class: "tick middle", x: middle, y: height - 4 }, x.title)
  return [...rows, ...columns, title]
}

export function chartLimit({ limit, width, y }: ChartSpec): ReadonlyArray<SVGElement> {
  if (limit === null) return []
  const at = y.at(limit.value)
  return [
    svgElement("line", { class: "limit", x1: 62, x2: width - 10, y1: at, y2: at }),
    svgElement("text", { class: "limit-name end", x: width - 12, y: at - 5 }, limit.name),
  ]
}

export function chartLine(spec: ChartSpec, line: Line): SVGElement {
  const { dots, shape, x, y } = spec
  const name = svgElement("title", {}, line.name)
  const style = { stroke: line.color, "stroke-dasharray": line.dash }
  const path = svgElement("path", { d: pathOf(line.points, x.at, y.at, shape), ...style })
  const marks = dots ? line.points : []
  return svgElement(
    "g",
    { class: "line", "data-series": line.series },
    name,
    path,
    ...marks.map(([at, value]) =>
      svgElement(
        "circle",
        { cx: x.at(at), cy: y.at(value), r: 3.5, fill: line.color },
        svgElement("title", {}, `${line.name}: ${x.format(at)}, ${y.format(value)}`),
      ),
    ),
  )
}

export function lineChart(spec: ChartSpec): SVGElement {
  const { height, label, width } = spec
  return svgElement(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    ...chartAxes(spec),
    ...chartLimit(spec),
    ...spec.lines.map((line) => chartLine(spec, line)),
  )
}
