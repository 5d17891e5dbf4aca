// A graph folder: edge_index.npy, x.npy or x.npz, and where they apply edge_weight.npy and
// batch.npy. Its shape comes from file headers alone; loading checks every value.
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { BadFile, EdgeOutOfRange, FileUnreadable, IndexOverflow } from "../model/errors.ts"
import type { DenseFeatures, Graph, GraphShape, SparseFeatures } from "../model/Graph.ts"
import { limits } from "../model/limits.ts"
import { type ByteSource, badFile, withFile } from "./byteSource.ts"
import { buildCsr, graphOffsetsOf } from "./csr.ts"
import { makeGraph } from "./graphContent.ts"
import { readNpyFloat32, readNpyInt32 } from "./npy.ts"
import { type NpyHeader, readNpyHeader } from "./npyHeader.ts"
import { readSparse, readSparseShape, type SparseShape } from "./npz.ts"

const checkCount = (file: string, what: string, value: number): void => {
  if (value <= limits.maxIndex) return
  throw new IndexOverflow({ file, what, value, limit: limits.maxIndex })
}

const checkWidth = (file: string, value: number): void => {
  if (value <= limits.maxFeatureWidth) return
  throw new IndexOverflow({ file, what: "feature width", value, limit: limits.maxFeatureWidth })
}

const refuseShape = (source: ByteSource, header: NpyHeader, expected: string): BadFile =>
  badFile(source, "shape", expected, `[${header.shape}]`)

interface Extents {
  readonly numNodes: number
  readonly featureWidth: number
  readonly featureNonZeros: number | null
}

const denseExtents = (source: ByteSource): { header: NpyHeader; extents: Extents } => {
  const header = readNpyHeader(source)
  const [numNodes, featureWidth] = header.shape
  if (header.shape.length !== 2) throw refuseShape(source, header, "[nodes, features]")
  if (header.descr !== "<f4" && header.descr !== "<f8") {
    throw badFile(source, "dtype", "<f4 or <f8", header.descr)
  }
  checkCount(source.file, "nodes", numNodes!)
  checkWidth(source.file, featureWidth!)
  return {
    header,
    extents: { numNodes: numNodes!, featureWidth: featureWidth!, featureNonZeros: null },
  }
}

const sparseExtents = (source: ByteSource, shape: SparseShape): Extents => {
  checkCount(source.file, "nodes", shape.rows)
  checkCount(source.file, "stored features", shape.nonZeros)
  checkWidth(source.file, shape.cols)
  return { numNodes: shape.rows, featureWidth: shape.cols, featureNonZeros: shape.nonZeros }
}

const missingFeatures = (folder: string): string => {
  const stat = statSync(folder, { throwIfNoEntry: false })
  if (stat === undefined) return "no such folder"
  return stat.isDirectory()
    ? "neither x.npy, x.npz nor a TU data set (*_A.txt) is there"
    : "neither a folder nor a graph by its name (.mtx, .txt, .csv or .tsv, also with .gz)"
}

/** The one feature file of the folder. */
const featureFile = (folder: string): { readonly path: string; readonly sparse: boolean } => {
  const dense = join(folder, "x.npy")
  const sparse = join(folder, "x.npz")
  const [hasDense, hasSparse] = [existsSync(dense), existsSync(sparse)]
  if (hasDense && hasSparse) {
    const [expected, found] = ["one of x.npy and x.npz", "both"]
    throw new BadFile({ file: folder, place: "features", expected, found })
  }
  if (hasSparse) return { path: sparse, sparse: true }
  if (hasDense) return { path: dense, sparse: false }
  throw new FileUnreadable({ file: folder, reason: missingFeatures(folder) })
}

const readExtents = (folder: string): Extents => {
  const { path, sparse } = featureFile(folder)
  return withFile(path, (source) =>
    sparse ? sparseExtents(source, readSparseShape(source)) : denseExtents(source).extents,
  )
}

interface LoadedFeatures extends Extents {
  readonly features: DenseFeatures | SparseFeatures
}

const readFeatures = (folder: string): LoadedFeatures => {
  const { path, sparse } = featureFile(folder)
  return withFile(path, (source): LoadedFeatures => {
    if (sparse) {
      sparseExtents(source, readSparseShape(source))
      const { shape, features } = readSparse(source)
      return { ...sparseExtents(source, shape), features }
    }
    const { header, extents } = denseExtents(source)
    return { ...extents, features: { kind: "dense", values: readNpyFloat32(source, header) } }
  })
}

const edgeHeader = (source: ByteSource): { header: NpyHeader; numEdges: number } => {
  const header = readNpyHeader(source)
  const [two, numEdges] = header.shape
  if (header.shape.length !== 2 || two !== 2) throw refuseShape(source, header, "[2, edges]")
  if (header.descr !== "<i4" && header.descr !== "<i8") {
    throw badFile(source, "dtype", "<i4 or <i8", header.descr)
  }
  checkCount(source.file, "edges", numEdges!)
  return { header, numEdges: numEdges! }
}

/** A header of one axis with exactly `length` elements. */
const vectorHeader = (source: ByteSource, length: number, of: string): NpyHeader => {
  const header = readNpyHeader(source)
  if (header.shape.length !== 1 || header.shape[0] !== length) {
    throw refuseShape(source, header, `[${length}], one a${of}`)
  }
  return header
}

const weightHeader = (source: ByteSource, numEdges: number): NpyHeader => {
  const header = vectorHeader(source, numEdges, "n edge")
  if (header.descr === "<f4" || header.descr === "<f8") return header
  throw badFile(source, "dtype", "<f4 or <f8", header.descr)
}

/** `firstNode` is the node of the first element that is read. */
const batchBounds = (source: ByteSource, firstNode = 0) => ({
  min: 0,
  max: limits.maxGraphsInUnion - 1,
  refuse: (_place: string, flat: number, value: number) =>
    value < 0
      ? badFile(source, `[${firstNode + flat}]`, "a graph's number from 0", `${value}`)
      : new IndexOverflow({
          file: source.file,
          what: `the graph of node ${firstNode + flat}`,
          value,
          limit: limits.maxGraphsInUnion - 1,
        }),
})

/** Graphs by the last element alone: `batch` is ascending. */
const countGraphs = (source: ByteSource, numNodes: number): number => {
  const header = vectorHeader(source, numNodes, " node")
  if (numNodes === 0) return 0
  const last = {
    ...header,
    shape: [1],
    dataOffset: header.dataOffset + (numNodes - 1) * header.itemBytes,
  }
  return readNpyInt32(source, last, batchBounds(source, numNodes - 1))[0]! + 1
}

const readGraphOffsets = (source: ByteSource, numNodes: number): Int32Array => {
  const header = vectorHeader(source, numNodes, " node")
  const batch = readNpyInt32(source, header, batchBounds(source))
  for (let node = 1; node < batch.length; node++) {
    if (batch[node]! >= batch[node - 1]!) continue
    throw badFile(source, `[${node}]`, `ascending, at least ${batch[node - 1]}`, `${batch[node]}`)
  }
  return graphOffsetsOf(batch, batch.length === 0 ? 0 : batch.at(-1)! + 1)
}

/** Reads the file where it is there. */
const withOptional = <A>(path: string, use: (source: ByteSource) => A): A | null =>
  existsSync(path) ? withFile(path, use) : null

/** From headers alone; of batch.npy the last element, of x.npz its small members. */
export const folderShape = (folder: string): GraphShape => {
  const extents = readExtents(folder)
  const { numEdges } = withFile(join(folder, "edge_index.npy"), edgeHeader)
  const weight = withOptional(join(folder, "edge_weight.npy"), (source) =>
    weightHeader(source, numEdges),
  )
  const numGraphs = withOptional(join(folder, "batch.npy"), (source) =>
    countGraphs(source, extents.numNodes),
  )
  return { ...extents, numEdges, hasEdgeWeight: weight !== null, numGraphs }
}

const readEdges = (source: ByteSource, numNodes: number): Int32Array => {
  const { header, numEdges } = edgeHeader(source)
  return readNpyInt32(source, header, {
    min: 0,
    max: numNodes - 1,
    refuse: (_place, flat, node) =>
      new EdgeOutOfRange({
        file: source.file,
        edge: numEdges === 0 ? 0 : flat % numEdges,
        node,
        numNodes,
      }),
  })
}

export const loadFolder = (folder: string): Graph => {
  // Headers first: a mistake in a small file is found before a large one is read.
  const { numNodes, numEdges } = folderShape(folder)
  const loaded = readFeatures(folder)
  const edges = withFile(join(folder, "edge_index.npy"), (source) => readEdges(source, numNodes))
  const weight = withOptional(join(folder, "edge_weight.npy"), (source) =>
    readNpyFloat32(source, weightHeader(source, numEdges)),
  )
  const graphOffsets = withOptional(join(folder, "batch.npy"), (source) =>
    readGraphOffsets(source, numNodes),
  )
  const csr = buildCsr(numNodes, edges, weight)
  const { featureWidth, features } = loaded
  return makeGraph({ numNodes, featureWidth, features, graphOffsets, ...csr })
}
