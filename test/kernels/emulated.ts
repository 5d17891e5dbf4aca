// The kernels of kernels/ on this machine's processor: builds the checks against the emulator, hands
// cases over in a file and reads results back. The names below are in the order of case_file.h.
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { buildEmulated, emulatedBuild } from "../emulator/buildEmulated.ts"
import type { Stored } from "./storage.ts"

export const root = join(import.meta.dirname, "../..")

const numberNames = [
  "kind",
  "m",
  "k",
  "n",
  "nnz",
  "heads",
  "headWidth",
  "count",
  "reduce",
  "skipSelf",
  "selfCoefficient",
  "concat",
  "selfLoops",
  "negativeSlope",
  "l2",
  "affineAfter",
  "activation",
  "parameter",
  "ldX",
  "ldB",
  "ldY",
  "ldAddend",
  "mode",
  "shift",
  "inPlace",
  "rows",
  "cols",
  "xStorage",
  "yStorage",
  "addendStorage",
] as const

export const arrayNames = [
  "rowOffsets",
  "colIndices",
  "values",
  "colScale",
  "selfWeight",
  "x",
  "b",
  "scoreDst",
  "rowScale",
  "addend",
  "bias",
  "scale",
  "shiftVector",
  "att",
] as const

export const kinds = [
  "gemm",
  "spmm",
  "gat",
  "densify",
  "rowwise",
  "readout",
  "gather",
  "logSoftmax",
  "gatv2",
  "aggGemm",
] as const

export interface KernelCase {
  readonly label: string
  readonly numbers: Partial<Record<(typeof numberNames)[number], number>> & {
    readonly kind: number
    readonly rows: number
    readonly cols: number
  }
  readonly arrays: Partial<
    Record<(typeof arrayNames)[number], Stored | Int32Array | null | undefined>
  >
}

export interface Counters {
  readonly requestedSectors: number
  readonly loadedSectors: number
  readonly storedSectors: number
  readonly sharedAccesses: number
  readonly bankConflicts: number
}

export interface KernelResult {
  /** Empty, or what the runner found wrong: a failed launch, unwritten elements, differing bits. */
  readonly problem: string
  readonly values: Float32Array
  readonly counters: Counters
}

export const command = async (file: string, args: ReadonlyArray<string>): Promise<string> =>
  (await promisify(execFile)(file, [...args], { maxBuffer: 1 << 26 })).stdout

/** Under sanitizers, which take flags of their own; the folder with the programs. */
const buildSanitized = async (): Promise<string> => {
  const folder = join(root, "build/sanitized")
  const source = join(root, "test/kernels")
  await command("cmake", ["-S", source, "-B", folder, "-DGNNSCHED_SANITIZE=ON"])
  await command("cmake", ["--build", folder, "--parallel", "2"])
  return folder
}

const builds = {
  plain: () => buildEmulated().then(() => join(emulatedBuild, "test/kernels")),
  sanitized: buildSanitized,
} as const
export type Variant = keyof typeof builds
const started = new Map<Variant, Promise<string>>()

/** Builds what changed, once per process and one after the other: the folder with the programs. */
export const buildChecks = (variant: Variant): Promise<string> => {
  const known = started.get(variant)
  if (known !== undefined) return known
  const before = variant === "plain" ? Promise.resolve("") : buildChecks("plain")
  const folder = before.then(builds[variant])
  started.set(variant, folder)
  return folder
}

const encode = (cases: ReadonlyArray<KernelCase>): Buffer => {
  const parts: Array<Buffer> = []
  for (const { numbers, arrays } of cases) {
    const given = { inPlace: -1, ...numbers }
    const words = Float64Array.from(numberNames, (name) => given[name] ?? 0)
    parts.push(Buffer.from(words.buffer))
    for (const name of arrayNames) {
      const array = arrays[name] ?? null
      const header = array === null ? [-1, 4] : [array.length, array.BYTES_PER_ELEMENT]
      parts.push(Buffer.from(Int32Array.from(header).buffer))
      if (array !== null) parts.push(Buffer.from(array.buffer, array.byteOffset, array.byteLength))
    }
  }
  return Buffer.concat(parts)
}

const decode = (file: Buffer, count: number): Array<KernelResult> => {
  let at = 0
  const take = (bytes: number): Buffer => {
    at += bytes
    return file.subarray(at - bytes, at)
  }
  return Array.from({ length: count }, () => {
    const problem = take(take(4).readInt32LE()).toString("utf8")
    const values = new Float32Array(new Uint8Array(take(4 * take(4).readInt32LE())).buffer)
    const [requested, loaded, stored, shared, conflicts] = new BigInt64Array(
      new Uint8Array(take(40)).buffer,
    )
    const counters = {
      requestedSectors: Number(requested),
      loadedSectors: Number(loaded),
      storedSectors: Number(stored),
      sharedAccesses: Number(shared),
      bankConflicts: Number(conflicts),
    }
    return { problem, values, counters }
  })
}

export interface RunEmulatedOptions {
  readonly program: string
  /** Runs of each case; the first goes from first to last, the others in random orders. */
  readonly orders: number
  /** Above 0: counts sectors with an L2 of this size. */
  readonly l2Bytes?: number
}

export const runEmulated = async (
  cases: ReadonlyArray<KernelCase>,
  { program, orders, l2Bytes = 0 }: RunEmulatedOptions,
): Promise<Array<KernelResult>> => {
  const folder = mkdtempSync(join(tmpdir(), "gnnsched-kernels-"))
  try {
    const [input, output] = [join(folder, "cases"), join(folder, "results")]
    writeFileSync(input, encode(cases))
    await command(program, [input, output, String(orders), String(l2Bytes)])
    return decode(readFileSync(output), cases.length)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
