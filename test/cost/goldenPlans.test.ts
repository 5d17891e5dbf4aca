import { describe, expect, it } from "vitest"
import { runOpsReference } from "../../src/device/reference/runOp.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import { withFile } from "../../src/prep/byteSource.ts"
import { loadGnnModel } from "../../src/prep/model/loadModel.ts"
import { readNpyInt32 } from "../../src/prep/npy.ts"
import { readNpyHeader } from "../../src/prep/npyHeader.ts"
import { readSparse } from "../../src/prep/npz.ts"
import {
  firstMismatch,
  type GoldenCase,
  poolCase,
  sharedCases,
  smallCases,
} from "../golden/goldenCases.ts"
import { type ArraysGraph, runPlanned } from "./plannedRun.ts"

const readFolder = (path: string): ArraysGraph => {
  const edgeIndex = withFile(`${path}/edge_index.npy`, (source) =>
    readNpyInt32(source, readNpyHeader(source), {
      min: 0,
      max: 2 ** 31 - 1,
      refuse: (place) => new Error(place),
    }),
  )
  const { shape, features } = withFile(`${path}/x.npz`, readSparse)
  return {
    kind: "arrays",
    numNodes: shape.rows,
    edgeIndex,
    features,
    featureWidth: shape.cols,
    edgeWeight: null,
    batch: null,
    numGraphs: null,
  }
}

const arraysOf = (source: GraphSource): ArraysGraph => {
  if (source.kind === "folder") return readFolder(source.path)
  if (source.kind !== "arrays") throw new Error("golden cases name folders and arrays")
  return source
}

const check = ({ graph, model, expected, tolerance }: GoldenCase) => {
  const run = runPlanned({ graph: arraysOf(graph), model: loadGnnModel(model), targets: null })
  expect(firstMismatch(expected, run, tolerance)).toBeNull()
  expect(run.plan.arenaBytes).toBe(run.plan.livePeakBytes)
}

describe("the plan of every small golden case gives PyG's numbers", () => {
  for (const golden of smallCases()) it(golden.name, () => check(golden))
})

describe("the readout operator pools as PyG does, graphs without nodes to zero", () => {
  const { x, batch, numGraphs, expected, tolerance } = poolCase()
  const { rows: m, cols: n } = x
  const offsets = new Int32Array(numGraphs + 1)
  for (let g = 1; g <= numGraphs; g++) offsets[g] = batch.filter((b) => Number(b) < g).length
  const residents = [x.data, offsets].map(
    (a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
  )

  it.each(["sum", "mean", "max"] as const)("%s", (reduce) => {
    const arena = new Float64Array(numGraphs * n).fill(Number.NaN)
    const [features, graphOffsets, y] = [
      { slot: 0, offset: 0, ld: n },
      { slot: 1, offset: 0, ld: 1 },
      { slot: -1, offset: 0, ld: n },
    ] as const
    const op = { kind: "readout", name: "pool", graphs: numGraphs, m, n, reduce } as const
    runOpsReference({ ops: [{ ...op, x: features, graphOffsets, y }], arena, residents })
    const got = { rows: numGraphs, cols: n, data: arena }
    expect(firstMismatch(expected[reduce], got, tolerance)).toBeNull()
  })
})

describe("the plans on Cora and MUTAG give PyG's numbers", () => {
  const shared = sharedCases()
  if ("skipped" in shared) it.skip(shared.skipped)
  else for (const golden of shared.cases) it(golden.name, { timeout: 60_000 }, () => check(golden))
})
