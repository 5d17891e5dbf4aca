// Tables and plots of a run of bench/gpu/gpu_bench.
import { goalTable } from "./gpuGoals.ts"
import { bestOf, type GpuResult, type GpuRow, over, timeByName } from "./gpuResult.ts"
import { figure, microseconds, ratio, type Table } from "./markdown.ts"
import type { BarPlot } from "./plot.ts"

const ours = "gnnsched"

const spmmTable = (type: string, rows: ReadonlyArray<GpuRow>): Table => ({
  title: `SpMM, rows in ${type}: median, beside the best of cuSPARSE's three algorithms and the bounds`,
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

/** One line per mode that both have. */
const lowGemmTable = (rows: ReadonlyArray<GpuRow>): Table => ({
  title: "GEMM in lower precision, with bias and ReLU: median, beside cuBLASLt in the same",
  head: ["graph", "m × k × n", "mode", "gnnsched", "cuBLASLt", "ratio", "memory bound"],
  rows: rows.map((row) => {
    const mode = row.type === "fp32" ? "TF32" : row.type
    const mine = timeByName(row, `${ours} ${mode} + bias, ReLU`)
    const theirs = timeByName(row, `cuBLASLt ${mode} + bias, ReLU`)
    return [
      row.graph,
      `${row.m} × ${row.k} × ${row.n}`,
      mode,
      microseconds(mine),
      microseconds(theirs),
      ratio(over(theirs, mine)),
      microseconds(row.bounds?.compulsoryUs ?? null),
    ]
  }),
})

const layerTable = (rows: ReadonlyArray<GpuRow>): Table => ({
  title: "A layer in one kernel: median, beside own SpMM and GEMM, and cuSPARSE with cuBLASLt",
  head: [
    "graph",
    "width",
    "fused",
    "own two",
    "cuSPARSE, cuBLASLt",
    "own / fused",
    "theirs / fused",
    "C",
  ],
  rows: rows.map((row) => {
    const fused = bestOf(row, `${ours} fused`)
    const two = bestOf(row, `${ours} SpMM, GEMM`)
    const theirs = bestOf(row, "cuSPARSE")
    return [
      row.graph,
      String(row.n),
      microseconds(fused),
      microseconds(two),
      microseconds(theirs),
      ratio(over(two, fused)),
      ratio(over(theirs, fused)),
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

export const gpuTables = ({ rows }: GpuResult): ReadonlyArray<Table> => {
  const of = (kind: GpuRow["kind"], type?: string) =>
    rows.filter((row) => row.kind === kind && (type === undefined || row.type === type))
  return [
    goalTable(rows),
    spmmTable("fp32", of("spmm", "fp32")),
    spmmTable("fp16", of("spmm", "fp16")),
    gemmTable(of("gemm", "fp32")),
    lowGemmTable(of("gemm")),
    layerTable(of("layer")),
    gatTable(of("gat")),
  ]
}

export const gpuPlots = ({ gpu, rows }: GpuResult): ReadonlyArray<BarPlot> =>
  [64, 128].map((width) => {
    const some = rows.filter((row) => row.kind === "spmm" && row.type === "fp32" && row.n === width)
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
