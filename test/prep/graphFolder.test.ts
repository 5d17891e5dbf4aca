// Graph folders and graphs from arrays: the same checks, the same CSR, the same content id.
import { execFileSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { GraphSource } from "../../src/model/Graph.ts"
import { arraysShape, loadArrays } from "../../src/prep/graphArrays.ts"
import { folderShape, loadFolder } from "../../src/prep/graphFolder.ts"
import { writeGraphFolder } from "../../src/prep/writeGraphFolder.ts"
import {
  dictOf,
  floats,
  longs,
  npyBytes,
  raw,
  temporaryFolder,
  thrownBy,
  writeFiles,
} from "./files.ts"

type Arrays = Extract<GraphSource, { readonly kind: "arrays" }>

/** Edges 0→1, 2→1, 0→1 again, 1→1, 2→0; nothing reaches node 2. */
const edges = [0, 2, 0, 1, 2, /* targets */ 1, 1, 1, 1, 0]
const files = (changed: Readonly<Record<string, Uint8Array>> = {}) => ({
  "edge_index.npy": npyBytes(dictOf("<i8", "(2, 5)"), longs(...edges)),
  "x.npy": npyBytes(dictOf("<f4", "(3, 2)"), floats(1, 2, 3, 4, 5, 6)),
  ...changed,
})
const folder = (changed: Readonly<Record<string, Uint8Array>> = {}): string =>
  writeFiles(temporaryFolder(), files(changed))

const arrays = (changed: Partial<Arrays> = {}): Arrays => ({
  kind: "arrays",
  numNodes: 3,
  edgeIndex: new Int32Array(edges),
  features: { kind: "dense", values: new Float32Array([1, 2, 3, 4, 5, 6]) },
  featureWidth: 2,
  edgeWeight: null,
  batch: null,
  numGraphs: null,
  ...changed,
})

const weights = npyBytes(dictOf("<f8", "(5,)"), raw(new Float64Array([10, 20, 30, 40, 50])))
const batch = (...values: Array<number>) =>
  npyBytes(dictOf("<i8", `(${values.length},)`), longs(...values))

describe("a graph folder", () => {
  it("becomes a CSR over incoming edges, stable, with loops and duplicates", () => {
    const graph = loadFolder(folder({ "edge_weight.npy": weights }))
    expect([...graph.rowOffsets]).toEqual([0, 1, 5, 5])
    expect([...graph.colIndices]).toEqual([2, 0, 2, 0, 1])
    expect([...graph.edgeWeight!]).toEqual([50, 10, 20, 30, 40])
    expect(graph.shape).toEqual({
      numNodes: 3,
      numEdges: 5,
      featureWidth: 2,
      featureNonZeros: null,
      hasEdgeWeight: true,
      numGraphs: null,
    })
    for (const array of [graph.rowOffsets, graph.colIndices, graph.edgeWeight!]) {
      expect(array.buffer).toBeInstanceOf(SharedArrayBuffer)
    }
  })

  it("tells its shape from headers: values, right or wrong, are not read", () => {
    const path = folder({
      "edge_weight.npy": weights,
      "batch.npy": batch(0, 0, 4),
      "x.npy": npyBytes(dictOf("<f4", "(3, 2)"), floats(1, 2, 3, Number.NaN, 5, 6)),
      "edge_index.npy": npyBytes(dictOf("<i8", "(2, 5)"), longs(9, ...edges.slice(1))),
    })
    expect(folderShape(path)).toMatchObject({ numEdges: 5, hasEdgeWeight: true, numGraphs: 5 })
    expect(() => loadFolder(path)).toThrow()
  })

  it("keeps graphs without a node between others", () => {
    const graph = loadFolder(folder({ "batch.npy": batch(0, 2, 2) }))
    expect([...graph.graphOffsets!]).toEqual([0, 1, 1, 3])
  })

  it("may have no edge, and no node", () => {
    const none = { "edge_index.npy": npyBytes(dictOf("<i8", "(2, 0)"), new Uint8Array(0)) }
    expect(loadFolder(folder(none)).shape.numEdges).toBe(0)
    const empty = { ...none, "x.npy": npyBytes(dictOf("<f4", "(0, 2)"), new Uint8Array(0)) }
    expect([...loadFolder(folder(empty)).rowOffsets]).toEqual([0])
  })

  it("reads edges saved in Fortran order, as a transposed list of pairs is", () => {
    const pairs = [0, 1, 2, 1, 0, 1, 1, 1, 2, 0]
    const fortran = folder({
      "edge_index.npy": npyBytes(dictOf("<i8", "(2, 5)", true), longs(...pairs)),
    })
    expect(loadFolder(fortran).contentId).toBe(loadFolder(folder()).contentId)
  })

  it("has the id of its content: the same from another folder, dtype or from arrays", () => {
    const id = loadFolder(folder()).contentId
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    const narrow = npyBytes(dictOf("<i4", "(2, 5)"), raw(new Int32Array(edges)))
    const double = npyBytes(dictOf("<f8", "(3, 2)"), raw(new Float64Array([1, 2, 3, 4, 5, 6])))
    const same = loadFolder(folder({ "edge_index.npy": narrow, "x.npy": double }))
    expect(same.contentId).toBe(id)
    expect(loadArrays(arrays()).contentId).toBe(id)
    expect(loadArrays(arrays({ edgeIndex: new BigInt64Array(edges.map(BigInt)) })).contentId).toBe(
      id,
    )
    const other = floats(1, 2, 3, 4, 5, 7)
    const changed = [
      folder({ "x.npy": npyBytes(dictOf("<f4", "(3, 2)"), other) }),
      folder({ "x.npy": npyBytes(dictOf("<f4", "(3, 1)"), floats(1, 2, 3)) }),
      folder({ "batch.npy": batch(0, 0, 0) }),
      folder({ "edge_weight.npy": weights }),
    ]
    const ids = changed.map((path) => loadFolder(path).contentId)
    expect(new Set([id, ...ids]).size).toBe(5)
  })

  it("names the first edge to a node that is not there", () => {
    const beyond = longs(0, 2, 0, 1, 2, 1, 1, 3, 1, 0)
    const path = folder({ "edge_index.npy": npyBytes(dictOf("<i8", "(2, 5)"), beyond) })
    expect(thrownBy(() => loadFolder(path))).toMatchObject({
      _tag: "EdgeOutOfRange",
      file: join(path, "edge_index.npy"),
      edge: 2,
      node: 3,
      numNodes: 3,
    })
    const negative = longs(0, -1, 0, 1, 2, 1, 1, 1, 1, 0)
    const below = folder({ "edge_index.npy": npyBytes(dictOf("<i8", "(2, 5)"), negative) })
    expect(thrownBy(() => loadFolder(below))).toMatchObject({ edge: 1, node: -1 })
    const wide = longs(0, 2, 0, 1, 2 ** 33, 1, 1, 1, 1, 0)
    const far = folder({ "edge_index.npy": npyBytes(dictOf("<i8", "(2, 5)"), wide) })
    expect(thrownBy(() => loadFolder(far))).toMatchObject({ edge: 4, node: 2 ** 33 })
  })

  it.each<[string, string, Record<string, Uint8Array>]>([
    [
      "edges as floats",
      "edge_index.npy",
      {
        "edge_index.npy": npyBytes(dictOf("<f4", "(2, 1)"), floats(0, 1)),
      },
    ],
    [
      "edges of three rows",
      "edge_index.npy",
      {
        "edge_index.npy": npyBytes(dictOf("<i8", "(3, 1)"), longs(0, 1, 2)),
      },
    ],
    [
      "edges of one axis",
      "edge_index.npy",
      {
        "edge_index.npy": npyBytes(dictOf("<i8", "(2,)"), longs(0, 1)),
      },
    ],
    [
      "features of one axis",
      "x.npy",
      { "x.npy": npyBytes(dictOf("<f4", "(3,)"), floats(1, 2, 3)) },
    ],
    [
      "features as integers",
      "x.npy",
      {
        "x.npy": npyBytes(dictOf("<i8", "(3, 1)"), longs(1, 2, 3)),
      },
    ],
    [
      "a weight too few",
      "edge_weight.npy",
      {
        "edge_weight.npy": npyBytes(dictOf("<f4", "(4,)"), floats(1, 2, 3, 4)),
      },
    ],
    [
      "weights as integers",
      "edge_weight.npy",
      {
        "edge_weight.npy": npyBytes(dictOf("<i8", "(5,)"), longs(1, 2, 3, 4, 5)),
      },
    ],
    ["a batch too long", "batch.npy", { "batch.npy": batch(0, 0, 1, 1) }],
    ["a batch that falls", "batch.npy", { "batch.npy": batch(0, 1, 0) }],
    ["a batch below 0", "batch.npy", { "batch.npy": batch(-1, 0, 0) }],
    ["a truncated file", "x.npy", { "x.npy": files()["x.npy"].slice(0, -3) }],
  ])("refuses %s, naming the file", (_name, file, changed) => {
    const path = folder(changed)
    expect(thrownBy(() => loadFolder(path))).toMatchObject({
      _tag: "BadFile",
      file: join(path, file),
    })
  })

  it("refuses a batch that claims more graphs than there may be, before making room", () => {
    const path = folder({ "batch.npy": batch(0, 0, 2_000_000_000) })
    expect(thrownBy(() => folderShape(path))).toMatchObject({
      _tag: "IndexOverflow",
      what: "the graph of node 2",
    })
    expect(thrownBy(() => loadFolder(path))).toMatchObject({ value: 2_000_000_000 })
  })

  it("refuses NaN in features and weights", () => {
    const x = npyBytes(dictOf("<f4", "(3, 2)"), floats(1, 2, 3, Number.NaN, 5, 6))
    expect(thrownBy(() => loadFolder(folder({ "x.npy": x })))).toMatchObject({
      _tag: "NotFinite",
      place: "[1, 1]",
    })
    const weight = npyBytes(dictOf("<f4", "(5,)"), floats(1, 2, Number.POSITIVE_INFINITY, 4, 5))
    expect(thrownBy(() => loadFolder(folder({ "edge_weight.npy": weight })))).toMatchObject({
      _tag: "NotFinite",
      place: "[2]",
    })
  })

  it("does not wait for a writer where a named pipe stands", () => {
    const path = folder()
    rmSync(join(path, "x.npy"))
    execFileSync("mkfifo", [join(path, "x.npy")])
    expect(thrownBy(() => loadFolder(path))).toMatchObject({ reason: "not a regular file" })
  })

  it("says what is missing", () => {
    const path = folder()
    rmSync(join(path, "edge_index.npy"))
    expect(thrownBy(() => folderShape(path))).toMatchObject({
      _tag: "FileUnreadable",
      file: join(path, "edge_index.npy"),
      reason: "no such file or folder",
    })
    expect(thrownBy(() => folderShape("/no/such/folder"))).toMatchObject({ _tag: "FileUnreadable" })
    const both = folder()
    writeFileSync(join(both, "x.npz"), "")
    expect(thrownBy(() => folderShape(both))).toMatchObject({ _tag: "BadFile", found: "both" })
  })
})

describe("a graph from arrays", () => {
  it.each<[string, Partial<Arrays>, string]>([
    ["an odd number of edge ends", { edgeIndex: new Int32Array(3) }, "BadFile"],
    ["an edge out of range", { edgeIndex: new Int32Array([0, 3]) }, "EdgeOutOfRange"],
    ["too few features", { featureWidth: 3 }, "BadFile"],
    ["a weight too few", { edgeWeight: new Float32Array(4) }, "BadFile"],
    ["a NaN weight", { edgeWeight: new Float32Array(5).fill(Number.NaN) }, "NotFinite"],
    ["a batch that falls", { batch: new Int32Array([1, 0, 1]) }, "BadFile"],
    [
      "fewer graphs than the batch names",
      { batch: new Int32Array([0, 1, 2]), numGraphs: 2 },
      "BadFile",
    ],
    ["graphs without a batch", { numGraphs: 2 }, "BadFile"],
    ["a fractional node count", { numNodes: 2.5 }, "BadFile"],
    ["more nodes than int32 counts", { numNodes: 2 ** 31 }, "IndexOverflow"],
  ])("with %s is refused", (_name, changed, tag) => {
    expect(thrownBy(() => loadArrays(arrays(changed)))).toMatchObject({ _tag: tag })
  })

  it("counts empty graphs at the end when told so", () => {
    const source = arrays({ batch: new Int32Array([0, 0, 1]), numGraphs: 4 })
    expect(arraysShape(source).numGraphs).toBe(4)
    const graph = loadArrays(source)
    expect([...graph.graphOffsets!]).toEqual([0, 2, 3, 3, 3])
    expect(thrownBy(() => writeGraphFolder(graph, temporaryFolder()))).toMatchObject({
      _tag: "Unsupported",
    })
  })
})

describe("writing a graph folder", () => {
  const graphs = fc.record({
    numNodes: fc.integer({ min: 1, max: 12 }),
    ends: fc.array(fc.nat(), { maxLength: 30 }),
    weighted: fc.boolean(),
    sparse: fc.boolean(),
    batched: fc.boolean(),
  })

  it("gives the same graph when it is read again", () => {
    const root = temporaryFolder()
    let count = 0
    fc.assert(
      fc.property(graphs, ({ numNodes, ends, weighted, sparse, batched }) => {
        const even = ends.slice(0, ends.length - (ends.length % 2))
        const width = 3
        const dense = {
          kind: "dense",
          values: new Float32Array(numNodes * width).fill(0.25),
        } as const
        const csr = {
          kind: "csr",
          rowOffsets: Int32Array.from({ length: numNodes + 1 }, (_, row) => row),
          colIndices: Int32Array.from({ length: numNodes }, (_, row) => row % width),
          values: new Float32Array(numNodes).fill(2),
        } as const
        const graph = loadArrays({
          kind: "arrays",
          numNodes,
          edgeIndex: Int32Array.from(even, (end) => end % numNodes),
          features: sparse ? csr : dense,
          featureWidth: width,
          edgeWeight: weighted ? new Float32Array(even.length / 2).fill(1.5) : null,
          batch: batched ? Int32Array.from({ length: numNodes }, (_, node) => node >> 1) : null,
          numGraphs: null,
        })
        const path = join(root, `${count++}`)
        writeGraphFolder(graph, path)
        expect(folderShape(path)).toEqual(graph.shape)
        expect(loadFolder(path).contentId).toBe(graph.contentId)
      }),
      { numRuns: 60 },
    )
  })
})
