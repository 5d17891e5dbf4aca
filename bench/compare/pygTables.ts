// Tables and plots of a run of bench/peers/pyg_speed.py.
import { figure, geometricMean, microseconds, ratio, type Table } from "./markdown.ts"
import type { BarPlot } from "./plot.ts"

interface Times {
  readonly medianMs: number
}

export interface PygRow {
  readonly graph: string
  readonly network: string
  readonly gnnsched: { readonly run: Times; readonly device: Times | null }
  /** By path: how many times PyG takes. */
  readonly ratios: Readonly<Record<string, number>>
}

export interface PygResult {
  readonly bench: "pyg-speed"
  readonly device: "cpu" | "cuda"
  readonly machine: Readonly<Record<string, string | number>>
  readonly date: string
  readonly command: string
  readonly rows: ReadonlyArray<PygRow>
}

const timeOf = (device: PygResult["device"], { gnnsched }: PygRow): number =>
  (device === "cuda" ? (gnnsched.device ?? gnnsched.run) : gnnsched.run).medianMs * 1000

const unique = (values: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(values)]

export const pygTables = ({ device, machine, rows }: PygResult): ReadonlyArray<Table> => {
  const networks = unique(rows.map(({ network }) => network))
  const paths = unique(rows.flatMap(({ ratios }) => Object.keys(ratios)))
  const where = machine.gpu ?? machine.cpu
  return [
    ...paths.map((path) => ({
      title: `gnnsched's time and how many times PyG takes (${path}), ${where}`,
      head: ["graph", ...networks],
      rows: unique(rows.map(({ graph }) => graph)).map((graph) => [
        graph,
        ...networks.map((network) => {
          const row = rows.find((it) => it.graph === graph && it.network === network)
          if (row === undefined) return "–"
          return `${microseconds(timeOf(device, row))}, ${ratio(row.ratios[path] ?? null)}`
        }),
      ]),
    })),
    {
      title: "Geometric mean over graphs and networks",
      head: ["path", "ratio"],
      rows: paths.map((path) => {
        const all = rows.flatMap(({ ratios }) => (path in ratios ? [ratios[path]!] : []))
        return [path, `${figure(geometricMean(all))}×`]
      }),
    },
  ]
}

export const pygPlots = ({ rows }: PygResult): ReadonlyArray<BarPlot> =>
  unique(rows.map(({ network }) => network)).map((network) => {
    const some = rows.filter((row) => row.network === network)
    return {
      title: `${network}: times that PyG takes`,
      unit: "×",
      groups: some.map(({ graph }) => graph),
      series: unique(some.flatMap(({ ratios }) => Object.keys(ratios))).map((path) => ({
        name: path,
        values: some.map(({ ratios }) => ratios[path] ?? null),
      })),
    }
  })
