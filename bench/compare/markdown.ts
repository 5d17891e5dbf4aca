// Tables as the README has them, and numbers as people read them.

export interface Table {
  readonly title: string
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

export const markdown = ({ title, head, rows }: Table): string =>
  [`**${title}**`, "", line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n")

/** Three significant digits. */
export const figure = (value: number): string => {
  if (!Number.isFinite(value)) return "–"
  return value >= 1000 ? Math.round(value).toString() : value.toPrecision(3)
}

export const microseconds = (us: number | null): string =>
  us === null ? "–" : us < 1000 ? `${figure(us)} µs` : `${figure(us / 1000)} ms`

export const ratio = (value: number | null): string => (value === null ? "–" : `${figure(value)}×`)

/** NaN for none. */
export const geometricMean = (values: ReadonlyArray<number>): number =>
  values.length === 0
    ? Number.NaN
    : Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
