// What the kernels move, in sectors of 32 bytes, on presets at reduced size under an L2 in the same
// proportion to their features as a real one: deterministic figures in a committed table that may
// only improve. GNNSCHED_UPDATE_TABLES=1 writes it anew.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { generatePreset } from "../../src/prep/presets/generatePreset.ts"
import { type CsrCase, csrOf, seededRandom } from "../cases/shapes.ts"
import { buildTimeoutMs } from "../emulator/buildEmulated.ts"
import { buildChecks, type KernelCase, type KernelResult, runEmulated } from "./emulated.ts"
import {
  aggGemmCase,
  float32Modes,
  gatCase,
  gatv2Case,
  gemmCase,
  spmmCase,
  tight,
} from "./kernelCases.ts"

/** X of 9,000 nodes at width 64 is nine times this, as Yeast's is nine times 50 MB. */
const l2Bytes = 256 * 1024

/** The first weights of a citation graph, 1 MB at most, lie in any L2 whole. */
const weightsL2Bytes = 2 * 1024 * 1024

interface Row {
  /** Each input and output byte once. */
  readonly compulsoryBytes: number
  /** Fetched by the L2 and stored. */
  readonly movedBytes: number
  /** Between the multiprocessors and the L2, without any L1. */
  readonly requestedBytes: number
  readonly sharedAccesses: number
  /** Passes over shared memory beyond one per access. */
  readonly bankConflicts: number
}
type SectorTable = Record<string, Row>

const tableFile = join(import.meta.dirname, "sectors.json")
const table: SectorTable = existsSync(tableFile) ? JSON.parse(readFileSync(tableFile, "utf8")) : {}
const update = process.env.GNNSCHED_UPDATE_TABLES === "1"

const presetCase = (preset: string, scale: number): CsrCase => {
  const { rowOffsets, colIndices } = generatePreset({ kind: "preset", preset, scale, seed: 1 })
  const nodes = rowOffsets.length - 1
  return { name: preset, m: nodes, k: nodes, rowOffsets, colIndices }
}

/** `entries` of each row at distinct random columns, in order. */
const randomCsr = (name: string, m: number, k: number, entries: number): CsrCase => {
  const random = seededRandom(entries)
  const rows = Array.from({ length: m }, () => {
    const columns = new Set<number>()
    while (columns.size < entries) columns.add(Math.floor(random() * k))
    return [...columns].sort((a, b) => a - b)
  })
  return csrOf(name, k, rows)
}

const streaming = [
  ["PROTEINS_full", 0.2],
  ["TWITTER-Real-Graph-Partial", 0.015],
  ["Yeast", 0.005],
  ["OVCAR-8H", 0.0045],
] as const
const gathering = [
  ["artist", 0.03],
  ["soc-BlogCatalog", 0.02],
] as const

const rowOf = (result: KernelResult, compulsoryBytes: number): Row => {
  expect(result.problem).toBe("")
  const { loadedSectors, storedSectors, requestedSectors } = result.counters
  return {
    compulsoryBytes,
    movedBytes: 32 * (loadedSectors + storedSectors),
    requestedBytes: 32 * requestedSectors,
    sharedAccesses: result.counters.sharedAccesses,
    bankConflicts: result.counters.bankConflicts,
  }
}

const bytesOf = (...arrays: ReadonlyArray<ArrayBufferView>): number =>
  arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)

const inputBytes = (c: KernelCase): number =>
  bytesOf(...Object.values(c.arrays).filter((array) => array !== null && array !== undefined))

describe("memory traffic under the emulator", () => {
  let program = ""
  beforeAll(async () => {
    program = join(await buildChecks("plain"), "emulated_checks")
  }, buildTimeoutMs)

  const measure = async (key: string, c: KernelCase, l2 = l2Bytes): Promise<Row> => {
    const [result] = await runEmulated([c], { program, orders: 1, l2Bytes: l2 })
    const elementBytes = c.numbers.yStorage ? 2 : 4
    const row = rowOf(result!, inputBytes(c) + elementBytes * c.numbers.rows * c.numbers.cols)
    if (update) {
      table[key] = row
      const sorted = Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))
      writeFileSync(tableFile, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
    }
    const known = table[key]!
    expect(row.compulsoryBytes, key).toBe(known.compulsoryBytes)
    expect(row.movedBytes, `${key}: moved`).toBeLessThanOrEqual(known.movedBytes)
    expect(row.requestedBytes, `${key}: requested`).toBeLessThanOrEqual(known.requestedBytes)
    expect(row.bankConflicts, `${key}: conflicts`).toBeLessThanOrEqual(known.bankConflicts)
    return row
  }

  it.each(streaming)(
    "is at most 1.15 times the compulsory bytes for spmm on %s",
    async (preset, scale) => {
      const csr = presetCase(preset, scale)
      for (const n of [16, 64, 128]) {
        const mode = { reduce: "sum", skipSelf: true, selfCoefficient: 1 } as const
        const row = await measure(`spmm ${preset} ${n}`, spmmCase(csr, n, mode, 0, tight))
        expect(row.movedBytes / row.compulsoryBytes, `width ${n}`).toBeLessThan(1.15)
      }
    },
    60_000,
  )

  it.each(gathering)(
    "is at most 1.1 times edges times width between multiprocessors and L2 on %s",
    async (preset, scale) => {
      const csr = presetCase(preset, scale)
      for (const n of [64, 128]) {
        const row = await measure(
          `spmm ${preset} ${n}`,
          spmmCase(csr, n, { reduce: "sum" }, 0, tight),
        )
        const gathered = 4 * n * csr.colIndices.length
        expect(row.requestedBytes / gathered, `width ${n}`).toBeLessThan(1.1)
      }
    },
    60_000,
  )

  it.each(streaming)(
    "is at most 1.15 times the compulsory bytes, half of them, for spmm of two bytes on %s",
    async (preset, scale) => {
      const csr = presetCase(preset, scale)
      for (const n of [16, 64, 128]) {
        const mode = { reduce: "sum", skipSelf: true, selfCoefficient: 1 } as const
        const storage = { x: "fp16", y: "fp16" } as const
        const row = await measure(
          `spmm fp16 ${preset} ${n}`,
          spmmCase(csr, n, mode, 0, tight, { storage }),
        )
        expect(row.movedBytes / row.compulsoryBytes, `width ${n}`).toBeLessThan(1.15)
        const indexBytes = 4 * (csr.colIndices.length + csr.m + 1)
        const floatBytes = indexBytes + 8 * csr.m * n
        expect(row.compulsoryBytes, `width ${n}`).toBe((floatBytes + indexBytes) / 2)
      }
    },
    60_000,
  )

  it.each(gathering)(
    "is at most 1.1 times edges times width for rows of two bytes on %s",
    async (preset, scale) => {
      const csr = presetCase(preset, scale)
      for (const n of [64, 128]) {
        const storage = { x: "bf16", y: "bf16" } as const
        const row = await measure(
          `spmm bf16 ${preset} ${n}`,
          spmmCase(csr, n, { reduce: "sum" }, 0, tight, { storage }),
        )
        const gathered = 2 * n * csr.colIndices.length
        expect(row.requestedBytes / gathered, `width ${n}`).toBeLessThan(1.15)
      }
    },
    60_000,
  )

  it.each(streaming.slice(0, 2))(
    "is at most 1.15 times the compulsory bytes for attention on %s",
    async (preset, scale) => {
      const csr = presetCase(preset, scale)
      for (const [heads, headWidth] of [
        [4, 16],
        [8, 8],
      ] as const) {
        const mode = { heads, headWidth, concat: true, selfLoops: true }
        const key = `gat ${preset} ${heads}x${headWidth}`
        const row = await measure(key, gatCase(csr, mode, 0, tight))
        expect(row.movedBytes / row.compulsoryBytes, key).toBeLessThan(1.15)
        // the groups of a warp walk different rows: now and then their weights share a bank
        expect(row.bankConflicts / row.sharedAccesses, key).toBeLessThan(0.2)
      }
    },
    60_000,
  )

  it.each(streaming.slice(0, 2))(
    "is at most 1.05 times the compulsory bytes for attention by GATv2 on %s, from one gather",
    async (preset, scale) => {
      const csr = presetCase(preset, scale)
      for (const [heads, headWidth] of [
        [4, 16],
        [8, 8],
      ] as const) {
        const mode = { heads, headWidth, concat: true, selfLoops: true }
        const key = `gatv2 ${preset} ${heads}x${headWidth}`
        const row = await measure(key, gatv2Case(csr, mode, 0, tight))
        expect(row.movedBytes / row.compulsoryBytes, key).toBeLessThan(1.05)
        const gathered = 4 * heads * headWidth * (csr.colIndices.length + csr.m)
        const rest = row.compulsoryBytes
        expect(row.requestedBytes, key).toBeLessThan(gathered + rest)
        expect(row.sharedAccesses, key).toBe(0)
      }
    },
    60_000,
  )

  it.each(streaming)(
    "is at most 1.15 times the compulsory bytes for the fused layer on %s, without bank conflicts",
    async (preset, scale) => {
      const csr = presetCase(preset, scale)
      const mode = { reduce: "sum", skipSelf: true, selfCoefficient: 1 } as const
      for (const gemmMode of float32Modes) {
        const key = `aggGemm ${gemmMode} ${preset} 64`
        const row = await measure(key, aggGemmCase(gemmMode, csr, [64, 64], mode, 0, tight))
        expect(row.movedBytes / row.compulsoryBytes, key).toBeLessThan(1.15)
        expect(row.bankConflicts, key).toBe(0)
      }
    },
    60_000,
  )

  /** Rows, columns and entries a row of the bags of words of citation graphs; half of cora's rows. */
  const bags = [
    ["cora", 1354, 1433, 18],
    ["citeseer", 832, 3703, 32],
    ["pubmed", 1972, 500, 50],
  ] as const
  it.each(bags)(
    "is at most 1.1 times the compulsory bytes for sparse features times weights, as %s has them",
    async (name, m, k, entries) => {
      const csr = randomCsr(name, m, k, entries)
      for (const n of [16, 64]) {
        const c = spmmCase(csr, n, { reduce: "sum", values: true }, 0, tight)
        const row = await measure(`spmm ${name} features ${n}`, c, weightsL2Bytes)
        expect(row.movedBytes / row.compulsoryBytes, `width ${n}`).toBeLessThan(1.1)
      }
    },
    60_000,
  )

  it.each([
    ["ffma", "fp32"],
    ["tf32x3", "fp32"],
    ["tf32", "fp32"],
    ["fp16", "fp32"],
    ["fp16", "fp16"],
  ] as const)(
    "has no bank conflict in the main loop of gemm %s of a in %s",
    async (mode, x) => {
      const options = { storage: { x, y: x } }
      const name = mode === "fp16" ? `${mode} of ${x}` : mode
      for (const [m, n] of [
        [512, 64],
        [512, 16],
        [300, 50],
      ] as const) {
        const [short, long] = [77, 154].map((k) =>
          measure(`gemm ${name} ${m}x${k}x${n}`, gemmCase(mode, [m, k, n], 0, tight, options)),
        )
        // what does not grow with k belongs to the store of the result, once per block
        expect((await long!).bankConflicts, `${m} ${n}`).toBe((await short!).bankConflicts)
      }
    },
    60_000,
  )

  it("covers the table and nothing else", () => {
    const [spmm, half, gat] = [4 * 3 + 2 * 2 + 3 * 2, 4 * 3 + 2 * 2, 2 * 2 + 2 * 2]
    const [gemm, fused] = [5 * 3 * 2, 4 * 2]
    expect(Object.keys(table).length).toBe(spmm + half + gat + gemm + fused)
  })
})
