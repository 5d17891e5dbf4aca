// Which matrices may lie in one place: never where something is read after it was written over.
import { describe, expect, it } from "vitest"
import { cpuProfile } from "../../src/cost/DeviceProfile.ts"
import { bufferOf, columnsFrom, type DenseMatrix, PlanDraft } from "../../src/cost/PlanDraft.ts"
import { sharedHomes } from "../../src/cost/sharedHomes.ts"
import { identityEpilogue, type Op } from "../../src/model/Op.ts"
import { parseGnnConfig } from "../../src/prep/model/parseConfig.ts"

const nodes = 100

const draftOf = () => {
  const json = { architecture: "GCN", in_channels: 8, hidden_channels: 8, num_layers: 2 }
  const shape = {
    numNodes: nodes,
    numEdges: 300,
    featureWidth: 8,
    featureNonZeros: null,
    hasEdgeWeight: false,
    numGraphs: null,
  }
  const config = parseGnnConfig({ ...json, out_channels: 8 }, "test")
  return new PlanDraft({ config, shape, targets: null, alignBytes: 64, profile: cpuProfile })
}

const product = (draft: PlanDraft, x: DenseMatrix, y: DenseMatrix): Op => ({
  kind: "gemm",
  name: "product",
  m: nodes,
  k: x.cols,
  n: y.cols,
  a: x.at,
  b: draft.weight("l0.weight"),
  c: y.at,
  epilogue: identityEpilogue,
})

const aggregation = (
  draft: PlanDraft,
  x: DenseMatrix,
  y: DenseMatrix,
  addend: DenseMatrix["at"] | null = null,
): Op => ({
  kind: "spmm",
  name: "aggregation",
  m: nodes,
  k: nodes,
  n: y.cols,
  nnz: 300,
  reduce: "sum",
  rowOffsets: draft.resident("graph.rowOffsets", 4 * (nodes + 1)),
  colIndices: draft.resident("graph.colIndices", 1200),
  values: null,
  colScale: null,
  skipSelf: false,
  selfCoefficient: 0,
  selfWeight: null,
  x: x.at,
  y: y.at,
  epilogue: { ...identityEpilogue, addend },
})

/** From features to `a`, from `a` to `b`, and what comes after. */
const chain = (
  [aCols, bCols]: readonly [number, number],
  more: (draft: PlanDraft, a: DenseMatrix, b: DenseMatrix) => ReadonlyArray<Op>,
) => {
  const draft = draftOf()
  const at = { ...draft.resident("x.dense", nodes * 32), ld: 8 }
  const a = draft.matrix("a", nodes, aCols)
  const b = draft.matrix("b", nodes, bCols)
  draft.push(product(draft, { kind: "dense", at, rows: nodes, cols: 8 }, a))
  for (const op of more(draft, a, b)) draft.push(op)
  return { draft, a: bufferOf(a.at), b: bufferOf(b.at) }
}

const homesOf = ({ draft }: ReturnType<typeof chain>, buffer = -1, onHost = false) =>
  sharedHomes(draft, { buffer, onHost })

describe("a result", () => {
  it("takes the place of an input that nothing reads later, as wide as the wider of both", () => {
    const made = chain([8, 24], (draft, a, b) => [product(draft, a, b)])
    const { home, width, overwriting } = homesOf(made)
    expect([home[made.b], width[made.a], overwriting.size]).toEqual([made.a, 24, 1])
  })

  it("has a place of its own where the input is read again", () => {
    const made = chain([8, 8], (draft, a, b) => [
      aggregation(draft, a, b),
      product(draft, a, draft.matrix("c", nodes, 8)),
    ])
    expect(homesOf(made).home[made.b]).toBe(made.b)
  })

  it("has a place of its own where it would cover other columns that are still needed", () => {
    const covered = (first: number) => {
      const made = chain([24, 16], (draft, a, b) => [
        aggregation(draft, a, b, columnsFrom(a.at, first)),
      ])
      return homesOf(made).home[made.b] !== made.b
    }
    expect([covered(8), covered(15), covered(16)]).toEqual([false, false, true])
  })

  it("of the task shares a place of its own width alone, and none when it goes to the host", () => {
    const shares = (cols: readonly [number, number], onHost: boolean) => {
      const made = chain(cols, (draft, a, b) => [aggregation(draft, a, b)])
      return homesOf(made, made.b, onHost).home[made.b] === made.a
    }
    expect([shares([8, 8], false), shares([16, 8], false), shares([8, 8], true)]).toEqual([
      true,
      false,
      false,
    ])
  })
})
