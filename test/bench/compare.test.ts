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

const root = join(import.meta.dirname, "../..")

const candidate = (name: string, hotUs: number | null, coldUs = hotUs): GpuCandidate => {
  const spread = (us: number | null) =>
    us === null ? null : { medianUs: us, p10Us: us, p90Us: us, samples: 30 }
  const problem = hotUs === null ? "not there" : null
  return { name, workspaceBytes: 0, problem, error: 0, hot: spread(hotUs), cold: spread(coldUs) }
}

const spmm = (graph: string, m: number, candidates: ReadonlyArray<GpuCandidate>): GpuRow => ({
  kind: "spmm",
  graph,
  type: "fp32",
  m,
  k: m,
  n: 64,
  nnz: 4 * m,
  bounds: { compulsoryUs: 8, l2Us: 9, noReuseUs: 20 },
  planMs: 2,
  operandBytes: 0,
  candidates,
})

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
  it("runs every bench on an emulated GPU, right and without times", { timeout: 300_000 }, () => {
    const build = join(root, "build/gpu-bench-emulated")
    const cmake = (...args: ReadonlyArray<string>) => execFileSync("cmake", args, { stdio: "pipe" })
    cmake("-S", join(root, "bench/gpu"), "-B", build, "-DGNNSCHED_GPU=EMULATED")
    cmake("--build", build, "--parallel", "2")
    const folder = mkdtempSync(join(tmpdir(), "gnnsched-gpu-bench-"))
    try {
      const out = join(folder, "bench.json")
      execFileSync(join(build, "gpu_bench"), ["--smoke", "--out", out], { stdio: "pipe" })
      const result: GpuResult = JSON.parse(readFileSync(out, "utf8"))
      expect(new Set(result.rows.map(({ kind }) => kind))).toEqual(new Set(["spmm", "gemm", "gat"]))
      const ours = result.rows
        .flatMap(({ candidates }) => candidates)
        .filter(({ name }) => name.startsWith("gnnsched"))
      expect(ours.length).toBeGreaterThan(10)
      for (const { error, hot, problem } of ours) {
        expect(problem).toBeNull()
        expect(hot).toBeNull()
        expect(error).toBeLessThan(1e-5)
      }
      expect(() => compare(result)).toThrow("emulated")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe("bench/compare", () => {
  it("sets ours beside the best of the vendor's algorithms that ran", () => {
    const row = spmm("cora", 1000, [
      candidate("gnnsched", 10),
      candidate("gnnsched weighted", 12),
      candidate("cuSPARSE ALG1", 50),
      candidate("cuSPARSE ALG2", null),
      candidate("cuSPARSE ALG3", 30),
    ])
    expect(cellsOf(gpuResult([row]), "SpMM")).toContain("3.00×")
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
