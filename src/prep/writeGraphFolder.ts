// Writes a graph as the folder that graphFolder reads: the same content id when read again. numpy,
// scipy and PyG read the files as they are.
import { join } from "node:path"
import { FileUnwritable, Unsupported } from "../model/errors.ts"
import type { Graph } from "../model/Graph.ts"
import { systemReason } from "../model/systemReason.ts"
import { writeFileParts } from "./byteSource.ts"
import { makeFolder } from "./makeFolder.ts"
import { int64Bytes, writeNpy } from "./npy.ts"
import { encodeNpyHeader } from "./npyHeader.ts"
import { writeSparse } from "./npz.ts"

/** The row of each CSR entry: targets of edges, or the graph of each node. */
const expandOffsets = (offsets: Int32Array): Int32Array => {
  const rows = new Int32Array(offsets.at(-1)!)
  for (let row = 0; row + 1 < offsets.length; row++) rows.fill(row, offsets[row], offsets[row + 1])
  return rows
}

/** batch.npy says nothing of empty graphs after the last node. */
const checkLastGraph = (folder: string, offsets: Int32Array): void => {
  const count = offsets.length - 1
  if (count === 0 || offsets[count - 1]! < offsets[count]!) return
  throw new Unsupported({
    file: join(folder, "batch.npy"),
    path: `graph ${count - 1}`,
    found: "an empty graph at the end",
    supported: "graphs whose last one has a node",
  })
}

/** edge_index.npy is int64 [2, edges], ordered by target. */
export const writeGraphFolder = (graph: Graph, folder: string): void => {
  const { numNodes, numEdges, featureWidth } = graph.shape
  if (graph.graphOffsets !== null) checkLastGraph(folder, graph.graphOffsets)
  try {
    makeFolder(folder)
  } catch (error) {
    throw new FileUnwritable({ file: folder, reason: systemReason(error) })
  }
  writeFileParts(join(folder, "edge_index.npy"), [
    encodeNpyHeader("<i8", [2, numEdges]),
    int64Bytes(graph.colIndices),
    int64Bytes(expandOffsets(graph.rowOffsets)),
  ])
  if (graph.features.kind === "dense") {
    writeNpy(join(folder, "x.npy"), [numNodes, featureWidth], graph.features.values)
  } else {
    writeSparse(join(folder, "x.npz"), { rows: numNodes, cols: featureWidth }, graph.features)
  }
  if (graph.edgeWeight !== null) {
    writeNpy(join(folder, "edge_weight.npy"), [numEdges], graph.edgeWeight)
  }
  if (graph.graphOffsets !== null) {
    writeFileParts(join(folder, "batch.npy"), [
      encodeNpyHeader("<i8", [numNodes]),
      int64Bytes(expandOffsets(graph.graphOffsets)),
    ])
  }
}
