// The golden vectors as sources and expected rows, for every device. The small cases lie beside
// this file; what needs Cora or MUTAG comes from the folder GNNSCHED_SHARED (../shared by default).
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import type { Tensor } from "../../src/model/Tensor.ts"
import { readSafetensors } from "../../src/prep/safetensors.ts"

export interface Tolerance {
  readonly rtol: number
  readonly atol: number
}

/** float32 [rows, cols], row-major. */
export interface ExpectedRows {
  readonly rows: number
  readonly cols: number
  readonly data: Float32Array
}

export interface GoldenCase {
  readonly name: string
  readonly graph: GraphSource
  readonly model: ModelSource
  readonly expected: ExpectedRows
  readonly tolerance: Tolerance
}

/** Pooling alone: x [nodes, width] and the graph of each node, ascending. */
export interface PoolCase {
  readonly x: ExpectedRows
  readonly batch: BigInt64Array
  readonly numGraphs: number
  readonly expected: Readonly<Record<"sum" | "mean" | "max", ExpectedRows>>
  readonly tolerance: Tolerance
}

const here = dirname(fileURLToPath(import.meta.url))
const root = resolve(here, "../..")

export const sharedFolder = resolve(root, process.env.GNNSCHED_SHARED ?? "../shared")

interface CaseFile {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly tolerance: Tolerance
}

const readCase = (path: string): CaseFile => JSON.parse(readFileSync(path, "utf8")) as CaseFile

const rowsOf = (tensor: Tensor | undefined): ExpectedRows => {
  if (tensor === undefined || !(tensor.data instanceof Float32Array))
    throw new Error("a golden file lacks a float32 tensor")
  const [rows, cols] = tensor.shape
  return { rows: rows!, cols: cols!, data: tensor.data }
}

const longsOf = (tensor: Tensor | undefined): BigInt64Array | null => {
  if (tensor === undefined) return null
  if (!(tensor.data instanceof BigInt64Array)) throw new Error("a golden index is not int64")
  return tensor.data
}

/** `<name>.json` and `<name>.safetensors` in a folder: graph, weights (`w.`) and result. */
const loadCase = (folder: string, name: string): GoldenCase => {
  const { config, tolerance } = readCase(join(folder, `${name}.json`))
  const tensors = readSafetensors(join(folder, `${name}.safetensors`))
  const x = rowsOf(tensors.get("x"))
  const edgeWeight = tensors.get("edge_weight")
  const weights = new Map<string, Tensor>()
  for (const [key, tensor] of tensors) if (key.startsWith("w.")) weights.set(key.slice(2), tensor)
  return {
    name,
    graph: {
      kind: "arrays",
      numNodes: x.rows,
      edgeIndex: longsOf(tensors.get("edge_index"))!,
      features: { kind: "dense", values: x.data },
      featureWidth: x.cols,
      edgeWeight: edgeWeight === undefined ? null : (edgeWeight.data as Float32Array),
      batch: longsOf(tensors.get("batch")),
      numGraphs: typeof config.batch_size === "number" ? config.batch_size : null,
    },
    model: { kind: "arrays", name, config, weights },
    expected: rowsOf(tensors.get("out")),
    tolerance,
  }
}

/** Every small case of every network. */
export const smallCases = (): ReadonlyArray<GoldenCase> =>
  readdirSync(here)
    .filter((file) => file.endsWith(".json") && file !== "pool.json")
    .sort()
    .map((file) => loadCase(here, file.replace(/\.json$/, "")))

export const poolCase = (): PoolCase => {
  const { config, tolerance } = readCase(join(here, "pool.json"))
  const tensors = readSafetensors(join(here, "pool.safetensors"))
  return {
    x: rowsOf(tensors.get("x")),
    batch: longsOf(tensors.get("batch"))!,
    numGraphs: Number(config.batch_size),
    expected: {
      sum: rowsOf(tensors.get("out_add")),
      mean: rowsOf(tensors.get("out_mean")),
      max: rowsOf(tensors.get("out_max")),
    },
    tolerance,
  }
}

const coraModels = ["gcn", "gcn_h64", "sage", "gat", "gin", "gin_bn"]

const loadCora = (model: string): GoldenCase => {
  const name = `cora-${model}-logits`
  const folder = join(sharedFolder, "golden")
  return {
    name,
    graph: { kind: "folder", path: join(sharedFolder, "data/cora") },
    model: {
      kind: "file",
      configPath: join(sharedFolder, `models/cora/${model}.json`),
      weights: null,
    },
    expected: rowsOf(readSafetensors(join(folder, `${name}.safetensors`)).get("out")),
    tolerance: readCase(join(folder, `${name}.json`)).tolerance,
  }
}

/**
 * The cases too large to keep here, or the reason why they cannot run. On CI that is an error: a
 * skipped check there would pass for a made one.
 */
export const sharedCases = ():
  | { readonly cases: ReadonlyArray<GoldenCase> }
  | { readonly skipped: string } => {
  const needed = ["golden/mutag-32-gin.json", "data/cora/edge_index.npy", "models/cora/gcn.json"]
  const missing = needed.find((path) => !existsSync(join(sharedFolder, path)))
  if (missing === undefined)
    return {
      cases: [loadCase(join(sharedFolder, "golden"), "mutag-32-gin"), ...coraModels.map(loadCora)],
    }
  const skipped = `${missing} is not in ${sharedFolder}; set GNNSCHED_SHARED to the folder with it`
  if (process.env.CI !== undefined && process.env.CI !== "") throw new Error(skipped)
  console.warn(`skipping the Cora and MUTAG golden cases: ${skipped}`)
  return { skipped }
}

/** The first value outside the tolerance, in words, or null. NaN is never inside. */
export const firstMismatch = (
  expected: ExpectedRows,
  got: { readonly rows: number; readonly cols: number; readonly data: ArrayLike<number> },
  { rtol, atol }: Tolerance,
): string | null => {
  const { rows, cols, data } = expected
  if (got.rows !== rows || got.cols !== cols)
    return `[${got.rows}, ${got.cols}] rows for [${rows}, ${cols}]`
  for (let i = 0; i < rows * cols; i++) {
    const off = Math.abs(got.data[i]! - data[i]!)
    if (!(off <= atol + rtol * Math.abs(data[i]!)))
      return `[${Math.floor(i / cols)}, ${i % cols}] is ${got.data[i]} for ${data[i]}`
  }
  return null
}
