// Bars in groups on a logarithmic scale, as a self-contained SVG: a group a graph, a bar a series.

export interface BarPlot {
  readonly title: string
  readonly unit: string
  readonly groups: ReadonlyArray<string>
  readonly series: ReadonlyArray<{
    readonly name: string
    /** One per group; null leaves a gap. */
    readonly values: ReadonlyArray<number | null>
  }>
}

const colours = ["#2a6fdb", "#d9822b", "#4c9a52", "#8d5fd3", "#7a7a7a"]
const [barWidth, groupGap, height, left, top, bottom] = [12, 18, 260, 64, 56, 96] as const

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)

const decades = (values: ReadonlyArray<number>): readonly [number, number] => [
  Math.floor(Math.log10(Math.min(...values))),
  Math.ceil(Math.log10(Math.max(...values)) + 1e-9),
]

/** Without a positive value there is nothing to draw: null. */
export const barPlot = ({ title, unit, groups, series }: BarPlot): string | null => {
  const present = series
    .flatMap(({ values }) => values)
    .filter((value): value is number => value !== null && value > 0)
  if (present.length === 0) return null
  const [least, most] = decades(present)
  const span = Math.max(1, most - least)
  const y = (value: number) => top + height * (1 - (Math.log10(value) - least) / span)
  const groupWidth = series.length * barWidth + groupGap
  const width = left + groups.length * groupWidth + 24
  const axis = Array.from({ length: span + 1 }, (_, i) => 10 ** (least + i)).map(
    (value) =>
      `<line x1="${left}" x2="${width - 12}" y1="${y(value)}" y2="${y(value)}" class="grid"/>` +
      `<text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${value.toPrecision(1)}</text>`,
  )
  const bars = series.flatMap(({ name, values }, s) =>
    values.map((value, g) => {
      if (value === null || !(value > 0)) return ""
      const x = left + g * groupWidth + groupGap / 2 + s * barWidth
      const label = escaped(`${groups[g]}, ${name}: ${value.toPrecision(3)} ${unit}`)
      const h = top + height - y(value)
      return `<rect x="${x}" y="${y(value)}" width="${barWidth - 2}" height="${h}" fill="${colours[s % colours.length]}"><title>${label}</title></rect>`
    }),
  )
  const names = groups.map((group, g) => {
    const x = left + g * groupWidth + groupWidth / 2
    const at = top + height + 14
    return `<text x="${x}" y="${at}" text-anchor="end" transform="rotate(-35 ${x} ${at})">${escaped(group)}</text>`
  })
  const legend = series.map(
    ({ name }, s) =>
      `<rect x="${left + s * 150}" y="30" width="10" height="10" fill="${colours[s % colours.length]}"/>` +
      `<text x="${left + s * 150 + 15}" y="39">${escaped(name)}</text>`,
  )
  const wide = Math.max(width, left + series.length * 150)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${top + height + bottom}" role="img" aria-label="${escaped(title)}">`,
    "<style>text{font:11px sans-serif;fill:#444}.grid{stroke:#ccc}@media(prefers-color-scheme:dark){text{fill:#bbb}.grid{stroke:#444}}</style>",
    `<text x="${left}" y="16" style="font-size:13px">${escaped(`${title} (${unit})`)}</text>`,
    ...legend,
    ...axis,
    ...bars,
    ...names,
    "</svg>\n",
  ].join("\n")
}
