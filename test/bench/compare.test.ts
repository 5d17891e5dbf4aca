// bench/gpu's program on a GPU in software, and the tables that are made of what such programs write.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { GpuCandidate, GpuResult, GpuRow } from "../../bench/compare/gpuResult.ts"
import { markdown } from "../../bench/compare/markdown.ts"
import { barPlot } from "../../bench/compare/plot.ts"
import type { PygResult } from "../../bench/compare/pygTables.ts"
import { compare } from "../../bench/compare.ts"
import { buildEmulated, buildTimeoutMs, emulatedBuild } from "../emulator/buildEmulated.ts"

const candidate = (name: string, hotUs: number | null, coldUs = hotUs): GpuCandidate => {
  const spread = (us: number | null) =>
    us === null ? null : { medianUs: us, p10Us: us, p90Us: us, samples: 30 }
  const problem = hotUs === null ? "not there" : null
  return { name, workspaceBytes: 0, problem, error: 0, hot: spread(hotUs), cold: spread(coldUs) }
}

const row = (
  [kind, type]: readonly [GpuRow["kind"], string],
  graph: string,
  m: number,
  candidates: ReadonlyArray<GpuCandidate>,
): GpuRow => ({
  kind,
  graph,
  type,
  m,
  k: m,
  n: 64,
  nnz: 4 * m,
  bounds: { compulsoryUs: 8, l2Us: 9, noReuseUs: 20 },
  planMs: 2,
  operandBytes: 0,
  candidates,
})

const spmm = (graph: string, m: number, candidates: ReadonlyArray<GpuCandidate>) =>
  row(["spmm", "fp32"], graph, m, candidates)

const gpuResult = (rows: ReadonlyArray<GpuRow>): GpuResult => ({
  bench: "gpu",
  emulated: false,
  date: "2026-01-01",
  command: "gpu_bench",
  gpu: { name: "a GPU", computeCapability: "9.0", cuda: "13.0" },
  ceilings: null,
  rows,
})

const cellsOf = (result: GpuResult | PygResult, title: string): ReadonlyArray<string> =>
  compare(result)
    .tables.find((table) => table.title.startsWith(title))!
    .rows.flat()

describe("gpu_bench", () => {
  it(
    "runs every bench on an emulated GPU, right and without times",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "gnnsched-gpu-bench-"))
      try {
        const out = join(folder, "bench.json")
        await buildEmulated()
        execFileSync(join(emulatedBuild, "bench/gpu/gpu_bench"), ["--smoke", "--out", out], {
          stdio: "pipe",
        })
        const result: GpuResult = JSON.parse(readFileSync(out, "utf8"))
        expect(new Set(result.rows.map(({ kind, type }) => `${kind} ${type}`))).toEqual(
          new Set([
            ...["spmm fp32", "spmm fp16", "gemm fp32", "gemm fp16", "gemm bf16", "layer fp32"],
            ...["gat 4x16", "gat 8x8"],
          ]),
        )
        const ours = result.rows.flatMap(({ candidates, type }) =>
          candidates
            .filter(({ name }) => name.startsWith("gnnsched"))
            .map((it) => ({ ...it, rounded: / TF32/.test(it.name) ? "fp16" : type })),
        )
        expect(ours.length).toBeGreaterThan(40)
        for (const { error, hot, name, problem, rounded } of ours) {
          expect(problem, name).toBeNull()
          expect(hot).toBeNull()
          // steps of 10 and of 7 bits of mantissa
          expect(error, name).toBeLessThan({ fp16: 5e-4, bf16: 4e-3 }[rounded] ?? 1e-5)
        }
        expect(() => compare(result)).toThrow("emulated")
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
    buildTimeoutMs,
  )
})

describe("bench/compare", () => {
  it("sets ours beside the best of the vendor's algorithms that ran", () => {
    const one = spmm("cora", 1000, [
      candidate("gnnsched", 10),
      candidate("gnnsched weighted", 12),
      candidate("cuSPARSE ALG1", 50),
      candidate("cuSPARSE ALG2", null),
      candidate("cuSPARSE ALG3", 30),
    ])
    expect(cellsOf(gpuResult([one]), "SpMM")).toContain("3.00×")
  })

  it("counts cold caches where an operand is larger than the L2 keeps, else hot ones", () => {
    const both = (m: number) =>
      spmm("cora", m, [candidate("gnnsched", 10, 20), candidate("cuSPARSE ALG1", 40, 40)])
    expect(cellsOf(gpuResult([both(1000)]), "SpMM")).toContain("4.00×")
    expect(cellsOf(gpuResult([both(1_000_000)]), "SpMM")).toContain("2.00×")
  })

  it("says of each goal whether it is met, missed or not measured", () => {
    const rows = [
      spmm("cora", 1000, [candidate("gnnsched", 10), candidate("cuSPARSE ALG1", 30)]),
      spmm("Yeast", 1000, [candidate("gnnsched", 40), candidate("cuSPARSE ALG1", 20)]),
    ]
    const goals = compare(gpuResult(rows)).tables.find(({ title }) => title === "Goals")!.rows
    const verdict = (name: string) => goals.find(([goal]) => goal!.startsWith(name))!.at(-1)
    expect(verdict("G1 the same")).toBe("missed")
    expect(verdict("G4")).toBe("missed")
    expect(verdict("G13")).toBe("met")
    expect(verdict("G6")).toBe("not measured")
  })

  it("sets lower precision beside the same of the vendor's, and a fused layer beside two kernels", () => {
    const both = (mode: string, mine: number, theirs: number) => [
      candidate(`gnnsched ${mode} + bias, ReLU`, mine),
      candidate(`cuBLASLt ${mode} + bias, ReLU`, theirs),
    ]
    const layer = [
      candidate("gnnsched fused FFMA", 30),
      candidate("gnnsched fused 3xTF32", 10),
      candidate("gnnsched SpMM, GEMM 3xTF32", 17),
      candidate("cuSPARSE ALG1, cuBLASLt fp32", null),
      candidate("cuSPARSE ALG2, cuBLASLt fp32", 40),
    ]
    const result = gpuResult([
      spmm("Yeast", 1000, [candidate("gnnsched", 40)]),
      row(["spmm", "fp16"], "Yeast", 1000, [candidate("gnnsched", 20), candidate("cuSPARSE", 50)]),
      { ...row(["gemm", "fp32"], "Yeast", 20_000, both("TF32", 10, 9)), k: 74 },
      { ...row(["gemm", "bf16"], "Yeast", 20_000, both("bf16", 10, 10)), k: 74 },
      row(["layer", "fp32"], "Yeast", 1000, layer),
    ])
    const goals = cellsOf(result, "Goals")
    const seen = (name: string) => goals[goals.findIndex((cell) => cell.startsWith(name)) + 2]
    expect([seen("G3"), seen("G7"), seen("G11")]).toEqual(["2.00", "0.949", "1.70"])
    expect(cellsOf(result, "SpMM, rows in fp32").filter((cell) => cell === "Yeast")).toHaveLength(1)
    expect(cellsOf(result, "SpMM, rows in fp16")).toContain("2.50×")
    expect(cellsOf(result, "A layer").slice(5, 7)).toEqual(["1.70×", "4.00×"])
  })

  it("leaves out what PyG cannot run, and never a number for it", () => {
    const run = { medianMs: 2 }
    const result: PygResult = {
      bench: "pyg-speed",
      device: "cpu",
      machine: { cpu: "a CPU" },
      date: "2026-01-01",
      command: "pyg_speed.py",
      rows: [
        { graph: "cora", network: "GCN", gnnsched: { run, device: null }, ratios: { CSR: 3 } },
        { graph: "cora", network: "GAT", gnnsched: { run, device: null }, ratios: {} },
      ],
    }
    expect(cellsOf(result, "gnnsched's time")).toEqual(["cora", "2.00 ms, 3.00×", "2.00 ms, –"])
  })

  it("refuses a file that neither bench wrote", () => {
    expect(() => compare(JSON.parse('{"bench":"other"}'))).toThrow("neither")
  })

  it("draws bars as an image that is well-formed whatever the names, and nothing for no values", () => {
    const series = [{ name: 'a "b" <c> & d', values: [1, null, 100] }]
    const svg = barPlot({ title: "<t>", unit: "µs", groups: ["x", "y", "z"], series })!
    expect(svg.match(/<rect /g)).toHaveLength(3) // two bars and the legend
    expect(svg).not.toContain("<c>")
    expect(svg).not.toContain("NaN")
    expect(
      barPlot({ title: "", unit: "", groups: ["x"], series: [{ name: "", values: [null] }] }),
    ).toBeNull()
  })

  it("writes tables as Markdown", () => {
    const text = markdown({ title: "T", head: ["a", "b"], rows: [["1", "2"]] })
    expect(text).toBe("**T**\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n")
  })
})
