// The work list of a CSR matrix, in shared memory: see src/model/rowWork.ts.
import type { Graph } from "../model/Graph.ts"
import type { ResidentRole } from "../model/Resident.ts"
import { fillRowWork, rowWorkBounds } from "../model/rowWork.ts"
import { sharedInt32 } from "../model/Tensor.ts"

/** The offsets that a `….rowWork` role is made from. */
export const offsetsOfRole = (graph: Graph, role: ResidentRole): Int32Array => {
  if (role === "graph.rowWork") return graph.rowOffsets
  if (graph.features.kind === "csr") return graph.features.rowOffsets
  throw new Error(`graph ${graph.contentId} has no sparse features for ${role}`)
}

export const buildRowWork = (rowOffsets: Int32Array): Int32Array => {
  const rows = rowOffsets.length - 1
  const work = sharedInt32(rowWorkBounds(rows, rowOffsets[rows]!).words)
  fillRowWork(rowOffsets, work)
  return work
}
