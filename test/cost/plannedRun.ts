// Plans a network, makes the resident objects straight from their definitions, and runs the plan on
// the reference interpreter: an oracle for lowering and packing that shares no code with src/prep's
// graph side.
import * as Result from "effect/Result"
import { cpuProfile, type DeviceProfile } from "../../src/cost/DeviceProfile.ts"
import { planTask } from "../../src/cost/planTask.ts"
import { runPlanReference } from "../../src/device/reference/runOp.ts"
import type { GnnModel } from "../../src/model/GnnModel.ts"
import type { GraphShape, GraphSource, SparseFeatures } from "../../src/model/Graph.ts"
import { ginEps } from "../../src/model/ginEps.ts"
import type { Plan } from "../../src/model/Plan.ts"
import { isWritten, type ResidentRole } from "../../src/model/Resident.ts"
import { fillRowWork, rowWorkBounds } from "../../src/model/rowWork.ts"
import { packWeights } from "../../src/prep/model/packWeights.ts"

export type ArraysGraph = Extract<GraphSource, { kind: "arrays" }>

export const shapeOf = (graph: ArraysGraph): GraphShape => {
  const { batch } = graph
  const counted = batch === null || batch.length === 0 ? 1 : Number(batch[batch.length - 1]) + 1
  return {
    numNodes: graph.numNodes,
    numEdges: graph.edgeIndex.length / 2,
    featureWidth: graph.featureWidth,
    featureNonZeros: graph.features.kind === "csr" ? graph.features.values.length : null,
    hasEdgeWeight: graph.edgeWeight !== null,
    numGraphs: batch === null ? null : (graph.numGraphs ?? counted),
  }
}

/** Edges grouped by target, each group in the order of the input. */
const edgesByTarget = ({ numNodes, edgeIndex }: ArraysGraph): ReadonlyArray<number[]> => {
  const edges = edgeIndex.length / 2
  const groups: number[][] = Array.from({ length: numNodes }, () => [])
  for (let e = 0; e < edges; e++) groups[Number(edgeIndex[edges + e])]!.push(e)
  return groups
}

/** The loop of each node: its own (the last one stored), or one of weight `fill`. */
const loopWeights = (graph: ArraysGraph, fill: number): Float64Array => {
  const edges = graph.edgeIndex.length / 2
  const loops = new Float64Array(graph.numNodes).fill(fill)
  for (let e = 0; e < edges; e++) {
    const source = Number(graph.edgeIndex[e])
    if (source === Number(graph.edgeIndex[edges + e])) loops[source] = graph.edgeWeight?.[e] ?? 1
  }
  return loops
}

const inverseRootDegrees = (graph: ArraysGraph, fill: number): Float32Array => {
  const loops = loopWeights(graph, fill)
  return Float32Array.from(edgesByTarget(graph), (group, node) => {
    let degree = fill === 0 ? 0 : loops[node]!
    for (const e of group) {
      if (fill !== 0 && Number(graph.edgeIndex[e]) === node) continue
      degree += graph.edgeWeight?.[e] ?? 1
    }
    return degree === 0 ? 0 : 1 / Math.sqrt(degree)
  })
}

const graphOffsets = ({ numNodes, batch }: ArraysGraph, numGraphs: number): Int32Array => {
  const offsets = new Int32Array(numGraphs + 1)
  if (batch === null) offsets[1] = numNodes
  else for (let n = 0; n < numNodes; n++) offsets[Number(batch[n]) + 1]!++
  if (batch !== null) for (let g = 0; g < numGraphs; g++) offsets[g + 1]! += offsets[g]!
  return offsets
}

const rowWorkOf = (rowOffsets: Int32Array): Int32Array => {
  const rows = rowOffsets.length - 1
  const work = new Int32Array(rowWorkBounds(rows, rowOffsets[rows]!).words)
  fillRowWork(rowOffsets, work)
  return work
}

interface ResidentContext {
  /** Whose plans are run; the CPU's by default. */
  readonly profile?: DeviceProfile
  readonly graph: ArraysGraph
  readonly model: GnnModel
  readonly targets: ReadonlyArray<number> | null
}

const residentData = (
  role: ResidentRole,
  { graph, model, targets }: ResidentContext,
): Float32Array | Int32Array => {
  const groups = edgesByTarget(graph)
  const order = groups.flat()
  const sparse = graph.features as SparseFeatures
  const [kind, fill] = role.split("@")
  switch (kind) {
    case "graph.rowOffsets": {
      const offsets = new Int32Array(groups.length + 1)
      groups.forEach((group, n) => {
        offsets[n + 1] = offsets[n]! + group.length
      })
      return offsets
    }
    case "graph.rowWork":
      return rowWorkOf(residentData("graph.rowOffsets", { graph, model, targets }) as Int32Array)
    case "x.rowWork":
      return rowWorkOf(sparse.rowOffsets)
    case "graph.colIndices":
      return Int32Array.from(order, (e) => Number(graph.edgeIndex[e]))
    case "graph.edgeWeight":
      return Float32Array.from(order, (e) => graph.edgeWeight![e]!)
    case "graph.graphOffsets":
      return graphOffsets(graph, shapeOf(graph).numGraphs ?? 1)
    case "x.dense":
      return graph.features.values
    case "x.rowOffsets":
      return sparse.rowOffsets
    case "x.colIndices":
      return sparse.colIndices
    case "x.values":
      return sparse.values
    case "gcn.scale":
      return inverseRootDegrees(graph, Number(fill))
    case "gcn.selfWeight":
      return Float32Array.from(loopWeights(graph, Number(fill)))
    case "model.weights":
      return packWeights(model)
    case "task.targets":
      return Int32Array.from(targets!)
    default:
      throw new Error(`no resident ${role}`)
  }
}

export interface PlannedRun {
  readonly plan: Plan
  readonly rows: number
  readonly cols: number
  readonly data: Float64Array
}

/** The residents of a plan as bytes, each exactly as long as its slot says; nothing for its own memory. */
export const residentBytes = (plan: Plan, context: ResidentContext): ReadonlyArray<Uint8Array> =>
  plan.residents.map((slot) => {
    const { role, bytes } = slot
    if (isWritten(slot)) return new Uint8Array(0)
    const { buffer, byteOffset, byteLength } = residentData(role, context)
    if (byteLength !== bytes) throw new Error(`${role}: ${byteLength} bytes in a slot of ${bytes}`)
    return new Uint8Array(buffer, byteOffset, byteLength)
  })

export const runPlanned = (context: ResidentContext): PlannedRun => {
  const { graph, model, targets, profile = cpuProfile } = context
  const plan = Result.getOrThrow(
    planTask({
      config: model.config,
      shape: shapeOf(graph),
      targets: targets === null ? null : targets.length,
      alignBytes: 64,
      profile,
      ginEps: ginEps(model),
    }),
  )
  const arena = new Float64Array(plan.arenaBytes / 4)
  runPlanReference({ plan, arena, residents: residentBytes(plan, context) })
  const { offset, rows, cols } = plan.output
  return { plan, rows, cols, data: arena.subarray(offset / 4, offset / 4 + rows * cols) }
}
