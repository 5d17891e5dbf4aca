// Tables and plots of a run of bench/gpu/gpu_bench, with the goals that it decides.
import { bestOf, type GpuResult, type GpuRow, over, timeByName } from "./gpuResult.ts"
import { figure, geometricMean, microseconds, ratio, type Table } from "./markdown.ts"
import type { BarPlot } from "./plot.ts"

const ours = "gnnsched"

const spmmTable = (rows: ReadonlyArray<GpuRow>): Table => ({
  title: "SpMM, float32: median, beside the best of cuSPARSE's three algorithms and the bounds",
  head: ["graph", "width", "gnnsched", "weighted", "cuSPARSE", "ratio", "C", "L", "R", "lists"],
  rows: rows.map((row) => {
    const mine = timeByName(row, ours)
    const theirs = bestOf(row, "cuSPARSE")
    return [
      row.graph,
      String(row.n),
      microseconds(mine),
      microseconds(timeByName(row, `${ours} weighted`)),
      microseconds(theirs),
      ratio(over(theirs, mine)),
      microseconds(row.bounds?.compulsoryUs ?? null),
      microseconds(row.bounds?.l2Us ?? null),
      microseconds(row.bounds?.noReuseUs ?? null),
      row.planMs === null ? "–" : `${figure(row.planMs)} ms`,
    ]
  }),
})

const gemmTable = (rows: ReadonlyArray<GpuRow>): Table => ({
  title: "GEMM, float32, with bias and ReLU: median, beside cuBLASLt with TF32 off",
  head: ["graph", "m × k × n", "3xTF32", "FFMA", "cuBLASLt", "ratio", "memory bound"],
  rows: rows.map((row) => {
    const fused = " + bias, ReLU"
    const mine =
      timeByName(row, `${ours} 3xTF32${fused}`) ?? timeByName(row, `${ours} FFMA${fused}`)
    const theirs = timeByName(row, `cuBLASLt fp32${fused}`)
    return [
      row.graph,
      `${row.m} × ${row.k} × ${row.n}`,
      microseconds(timeByName(row, `${ours} 3xTF32${fused}`)),
      microseconds(timeByName(row, `${ours} FFMA${fused}`)),
      microseconds(theirs),
      ratio(over(theirs, mine)),
      microseconds(row.bounds?.compulsoryUs ?? null),
    ]
  }),
})

const gatTable = (rows: ReadonlyArray<GpuRow>): Table => ({
  title: "GAT's aggregation: median, beside a plain SpMM of the same width",
  head: ["graph", "heads × width", "GAT", "SpMM", "GAT / SpMM"],
  rows: rows.map((row) => {
    const gat = timeByName(row, `${ours} GAT`)
    const sum = timeByName(row, `${ours} SpMM`)
    return [row.graph, row.type, microseconds(gat), microseconds(sum), ratio(over(gat, sum))]
  }),
})

interface Goal {
  readonly name: string
  readonly must: number
  /** A value of a goal that is met is at least `must`, or at most. */
  readonly atMost?: true
  readonly value: number
}

const present = (values: ReadonlyArray<number | null>): ReadonlyArray<number> =>
  values.filter((value): value is number => value !== null)

const streaming = ["DD", "TWITTER-Real-Graph-Partial", "Yeast", "OVCAR-8H"]
const powerLaw = ["artist", "soc-BlogCatalog"]
const cognn = [
  ...streaming,
  ...powerLaw,
  "citeseer",
  "cora",
  "pubmed",
  "amazon0601",
  "PROTEINS_full",
]

/** The "must" column of the goals that kernels decide. */
const goalsOf = (rows: ReadonlyArray<GpuRow>): ReadonlyArray<Goal> => {
  const spmm = rows.filter(({ kind }) => kind === "spmm")
  const ratios = (graphs: ReadonlyArray<string>, wanted: (row: GpuRow) => boolean) =>
    present(
      spmm
        .filter((row) => graphs.includes(row.graph) && wanted(row))
        .map((row) => over(bestOf(row, "cuSPARSE"), timeByName(row, ours))),
    )
  const share = (graphs: ReadonlyArray<string>, bound: (row: GpuRow) => number | undefined) =>
    present(
      spmm
        .filter((row) => graphs.includes(row.graph) && (row.n === 64 || row.n === 128))
        .map((row) => over(bound(row) ?? null, timeByName(row, ours))),
    )
  const narrow = ratios(cognn, ({ n }) => n <= 128)
  const gemm = rows.filter(({ k, kind, m }) => kind === "gemm" && m >= 20_000 && k >= 64)
  const gat = rows.filter(({ kind }) => kind === "gat")
  const least = (values: ReadonlyArray<number>) =>
    values.length === 0 ? Number.NaN : Math.min(...values)
  const most = (values: ReadonlyArray<number>) =>
    values.length === 0 ? Number.NaN : Math.max(...values)
  return [
    { name: "G1 SpMM / best cuSPARSE, geometric mean", must: 2, value: geometricMean(narrow) },
    { name: "G1 the same, least cell", must: 1, value: least(narrow) },
    {
      name: "G2 at width 256, geometric mean",
      must: 1.8,
      value: geometricMean(ratios(["amazon0601", "DD", "Yeast"], ({ n }) => n === 256)),
    },
    {
      name: "G4 share of the copy rate on streaming graphs, least",
      must: 0.75,
      value: least(
        share(streaming, ({ bounds, graph }) =>
          graph === "DD" ? bounds?.l2Us : bounds?.compulsoryUs,
        ),
      ),
    },
    {
      name: "G5 share of the L2 gather rate on power-law graphs, least",
      must: 0.6,
      value: least(share(powerLaw, ({ bounds }) => bounds?.l2Us)),
    },
    {
      name: "G6 GEMM / cuBLASLt fp32, geometric mean",
      must: 1.4,
      value: geometricMean(
        present(
          gemm.map((row) =>
            over(timeByName(row, "cuBLASLt fp32"), timeByName(row, `${ours} 3xTF32`)),
          ),
        ),
      ),
    },
    {
      name: "G8 GAT / SpMM, most",
      must: 1.35,
      atMost: true,
      value: most(
        present(
          gat.map((row) => over(timeByName(row, `${ours} GAT`), timeByName(row, `${ours} SpMM`))),
        ),
      ),
    },
    {
      name: "G13 work lists, most milliseconds",
      must: 15,
      atMost: true,
      value: most(present(spmm.map(({ planMs }) => planMs))),
    },
  ]
}

const goalTable = (rows: ReadonlyArray<GpuRow>): Table => ({
  title: "Goals",
  head: ["goal", "must", "seen", ""],
  rows: goalsOf(rows).map(({ atMost, must, name, value }) => {
    const met = atMost === true ? value <= must : value >= must
    const verdict = Number.isNaN(value) ? "not measured" : met ? "met" : "missed"
    return [name, `${atMost === true ? "≤" : "≥"} ${must}`, figure(value), verdict]
  }),
})

export const gpuTables = ({ rows }: GpuResult): ReadonlyArray<Table> => {
  const of = (kind: GpuRow["kind"]) => rows.filter((row) => row.kind === kind)
  return [goalTable(rows), spmmTable(of("spmm")), gemmTable(of("gemm")), gatTable(of("gat"))]
}

export const gpuPlots = ({ gpu, rows }: GpuResult): ReadonlyArray<BarPlot> =>
  [64, 128].map((width) => {
    const some = rows.filter((row) => row.kind === "spmm" && row.n === width)
    return {
      title: `SpMM, width ${width}, ${gpu.name}`,
      unit: "µs",
      groups: some.map(({ graph }) => graph),
      series: [
        { name: "gnnsched", values: some.map((row) => timeByName(row, ours)) },
        { name: "best cuSPARSE", values: some.map((row) => bestOf(row, "cuSPARSE")) },
        { name: "bound C", values: some.map(({ bounds }) => bounds?.compulsoryUs ?? null) },
        { name: "bound L", values: some.map(({ bounds }) => bounds?.l2Us ?? null) },
      ],
    }
  })
