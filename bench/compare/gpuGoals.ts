// The goals of the study of kernels that a run of bench/gpu/gpu_bench decides.
import { bestOf, type GpuRow, over, timeByName } from "./gpuResult.ts"
import { figure, geometricMean, type Table } from "./markdown.ts"

const ours = "gnnsched"

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
/** Disjoint small graphs, in the order of their nodes. */
const tu = [...streaming, "PROTEINS_full"]
const lowPrecisions = ["TF32", "bf16"]
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
  const spmm = rows.filter(({ kind, type }) => kind === "spmm" && type === "fp32")
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
  const tall = rows.filter(({ k, kind, m }) => kind === "gemm" && m >= 20_000 && k >= 64)
  const gemm = tall.filter(({ type }) => type === "fp32")
  const layers = rows.filter(
    ({ graph, kind, n }) => kind === "layer" && tu.includes(graph) && n === 64,
  )
  const gat = rows.filter(({ kind }) => kind === "gat")
  const halfGain = ({ graph, n }: GpuRow) => {
    const of = (type: string) =>
      rows.find(
        (row) => row.kind === "spmm" && row.graph === graph && row.n === n && row.type === type,
      )
    const [whole, half] = [of("fp32"), of("fp16")]
    return over(whole ? timeByName(whole, ours) : null, half ? timeByName(half, ours) : null)
  }
  const sameMode = (row: GpuRow, mode: string) =>
    over(
      timeByName(row, `cuBLASLt ${mode} + bias, ReLU`),
      timeByName(row, `${ours} ${mode} + bias, ReLU`),
    )
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
      name: "G3 SpMM of rows in fp16 / in fp32, TU sets, geometric mean",
      must: 1.6,
      value: geometricMean(present(spmm.filter(({ graph }) => tu.includes(graph)).map(halfGain))),
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
      name: "G7 GEMM in TF32 and bf16 / cuBLASLt in the same, with bias and ReLU, geometric mean",
      must: 0.95,
      value: geometricMean(
        present(tall.flatMap((row) => lowPrecisions.map((p) => sameMode(row, p)))),
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
      name: "G11 fused layer / own SpMM and GEMM, TU sets, width 64, geometric mean",
      must: 1.6,
      value: geometricMean(
        present(
          layers.map((row) =>
            over(bestOf(row, `${ours} SpMM, GEMM`), bestOf(row, `${ours} fused`)),
          ),
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

export const goalTable = (rows: ReadonlyArray<GpuRow>): Table => ({
  title: "Goals",
  head: ["goal", "must", "seen", ""],
  rows: goalsOf(rows).map(({ atMost, must, name, value }) => {
    const met = atMost === true ? value <= must : value >= must
    const verdict = Number.isNaN(value) ? "not measured" : met ? "met" : "missed"
    return [name, `${atMost === true ? "≤" : "≥"} ${must}`, figure(value), verdict]
  }),
})
