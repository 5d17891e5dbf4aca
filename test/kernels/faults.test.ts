// The checks must be able to fail: each of these changes one line of a kernel, and a thinned-out
// table of cases must notice. The changed source lies under build/, never in kernels/.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { buildTimeoutMs, emulatedBuild } from "../emulator/buildEmulated.ts"
import * as oracle from "../native/oracle.ts"
import { buildChecks, command, root, runEmulated } from "./emulated.ts"
import type { CheckedCase } from "./kernelCases.ts"
import { aggGemmTable, gatTable, gatv2Table, gemmTable, spmmTable } from "./tables.ts"

interface Fault {
  readonly name: string
  /** The file that is changed, and what in it becomes what. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** The source that is compiled with it. */
  readonly source: string
  readonly cases: () => ReadonlyArray<CheckedCase>
}

const faults: ReadonlyArray<Fault> = [
  {
    name: "a block barrier missing before a tile is read",
    file: "gemm/gemm_ffma.cu",
    from: "__syncthreads();  // the tiles are whole",
    to: "",
    source: "gemm/gemm_ffma.cu",
    cases: () => gemmTable(16),
  },
  {
    name: "a block barrier missing before a tile is overwritten",
    file: "gemm/gemm_ffma.cu",
    from: "__syncthreads();  // nobody reads them any more",
    to: "",
    source: "gemm/gemm_ffma.cu",
    cases: () => gemmTable(16),
  },
  {
    name: "a wait for asynchronous copies that comes one tile late",
    file: "gemm/gemm_tf32.cu",
    from: "wait_copies<Config::kStages - 2>()",
    to: "wait_copies<Config::kStages - 1>()",
    source: "gemm/gemm_tf32.cu",
    cases: () => gemmTable(16),
  },
  {
    name: "a group barrier missing before weights are read",
    file: "gat/gat_softmax.h",
    from: "group.sync();  // weights and scales are there",
    to: "",
    source: "gat/gat_csr.cu",
    // one head has one lane with columns, which is also the one that writes: it takes more heads
    cases: () => gatTable(4),
  },
  {
    name: "an index that is one off where a chunk of edges ends",
    file: "spmm/spmm_walk.h",
    from: "next = load_chunk<K>(a, edge + Lanes + group.lane, unit.edge_stop);\n      }",
    to: "next = load_chunk<K>(a, edge + Lanes + group.lane + 1, unit.edge_stop);\n      }",
    source: "spmm/spmm_csr.cu",
    cases: () => spmmTable(16),
  },
  {
    name: "a block barrier missing between the aggregated rows and their product",
    file: "agg_gemm/agg_gemm_tf32x3.cu",
    from: "__syncthreads();  // rows and this step of b are whole, everybody is done with the step before",
    to: "",
    source: "agg_gemm/agg_gemm_tf32x3.cu",
    cases: () => aggGemmTable(4),
  },
  {
    name: "a heavy row of a fused layer whose last segment is left out",
    file: "agg_gemm/agg_rows.h",
    from: "s < heavy.y + heavy.z; s++",
    to: "s + 1 < heavy.y + heavy.z; s++",
    source: "agg_gemm/agg_gemm_ffma.cu",
    cases: () => aggGemmTable(4),
  },
  {
    name: "a softmax of GATv2 that forgets to rescale its sums",
    file: "gat/gatv2_csr.cu",
    from: "acc = scaled(acc, rescale);",
    to: "",
    source: "gat/gatv2_csr.cu",
    cases: () => gatv2Table(6),
  },
  {
    name: "an epilogue that drops the bias",
    file: "common/epilogue.h",
    from: "if (e.bias != nullptr) add(v[q], columns[q].load(e.bias));",
    to: "",
    source: "spmm/spmm_csr.cu",
    cases: () => spmmTable(16),
  },
]

describe("the kernel checks", () => {
  let folder = ""
  beforeAll(async () => {
    folder = await buildChecks("plain")
  }, buildTimeoutMs)

  /** Links the changed source in front of the library that has the right one. */
  const breakKernel = async ({ file, from, to, source }: Fault, index: number): Promise<string> => {
    const broken = join(folder, `fault-${index}`)
    const text = readFileSync(join(root, "kernels", file), "utf8")
    expect(text.split(from).length, `${file} has the line once`).toBe(2)
    for (const [name, content] of [
      [source, readFileSync(join(root, "kernels", source), "utf8")],
      [file, text.replace(from, to)],
    ] as const) {
      mkdirSync(dirname(join(broken, name)), { recursive: true })
      writeFileSync(join(broken, name), content)
    }
    const include = [broken, join(root, "kernels"), join(root, "test/emulator")]
    const program = join(broken, "checks")
    // few cases: to compile takes longer than to run
    await command("c++", [
      ...["-std=c++20", "-O0", "-ffp-contract=off", "-Wno-unknown-pragmas", "-o", program],
      ...include.flatMap((path) => ["-I", path]),
      ...["-x", "c++", join(broken, source), "-x", "none"],
      join(folder, "CMakeFiles/emulated_checks.dir/emulated_checks.cc.o"),
      ...["launcher", "kernels"].map((name) =>
        join(emulatedBuild, "test/emulator", `libemulated_${name}.a`),
      ),
    ])
    return program
  }

  it.each(faults.map((fault, index) => ({ ...fault, index })))(
    "notice $name",
    async ({ index, ...fault }) => {
      const cases = fault.cases()
      const program = await breakKernel(fault, index)
      const results = await runEmulated(cases, { program, orders: 3 })
      const noticed = results.filter(
        ({ problem, values }, i) =>
          problem !== "" || !(oracle.worstError(values, cases[i]!.expected) < 1e-4),
      )
      expect(noticed.length).toBeGreaterThan(0)
    },
    120_000,
  )
})
