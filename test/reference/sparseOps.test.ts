// Hand-computed cases of the ops that follow indices, and spmm and gat against a dense brute force
// that is written another way: matrices of edge multiplicities instead of edge loops.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type GatOp, identityEpilogue, type SpmmOp } from "../../src/model/Op.ts"
import { csr, type Rows, Workbench } from "./workbench.ts"

interface SpmmCase {
  readonly edges: Rows
  readonly x: Rows
  readonly values?: ReadonlyArray<number>
  readonly colScale?: ReadonlyArray<number>
  readonly selfWeight?: ReadonlyArray<number>
  readonly options?: Partial<Pick<SpmmOp, "reduce" | "skipSelf" | "selfCoefficient">>
}

const spmm = ({ edges, x, values, colScale, selfWeight, options }: SpmmCase) => {
  const bench = new Workbench()
  const { offsets, columns } = csr(edges)
  const n = x[0]!.length
  const y = bench.empty(edges.length, n + 1)
  const op: SpmmOp = {
    kind: "spmm",
    name: "spmm",
    m: edges.length,
    k: x.length,
    n,
    nnz: columns.length,
    reduce: "sum",
    rowOffsets: bench.ints(offsets),
    colIndices: bench.ints(columns),
    values: values ? bench.floats(values) : null,
    colScale: colScale ? bench.floats(colScale) : null,
    skipSelf: false,
    selfCoefficient: 0,
    selfWeight: selfWeight ? bench.floats(selfWeight) : null,
    x: bench.matrix(x, n + 2),
    y,
    epilogue: identityEpilogue,
    ...options,
  }
  return bench.run(op, { at: y, rows: edges.length, cols: n })
}

describe("spmm", () => {
  const edges = [[1, 1, 2], [1], []]
  const x = [
    [1, -1],
    [10, -10],
    [100, -100],
  ]

  it("adds rows along edges, duplicates twice, and gives 0 for a row without edges", () => {
    expect(spmm({ edges, x })).toEqual([
      [120, -120],
      [10, -10],
      [0, 0],
    ])
  })

  it("weighs edges by value and by the scale of their source", () => {
    const out = spmm({ edges, x, values: [1, 2, 3, 4], colScale: [7, 0.5, 2] })
    // (1 + 2) * 0.5 * 10 + 3 * 2 * 100 = 615; 4 * 0.5 * 10 = 20
    expect(out).toEqual([
      [615, -615],
      [20, -20],
      [0, 0],
    ])
  })

  it("takes the mean over the edges that count and the largest value, 0 for no edge", () => {
    const mean = spmm({ edges, x, options: { reduce: "mean" } })
    expect(mean).toEqual([
      [40, -40],
      [10, -10],
      [0, 0],
    ])
    const max = spmm({ edges, x, options: { reduce: "max" } })
    expect(max).toEqual([
      [100, -10],
      [10, -10],
      [0, 0],
    ])
    const skipped = spmm({ edges, x, options: { reduce: "mean", skipSelf: true } })
    expect(skipped[1]).toEqual([0, 0])
  })

  it("adds the self term after the reduction and skips stored loops", () => {
    const out = spmm({
      edges,
      x,
      colScale: [1, 2, 3],
      selfWeight: [1, 5, 10],
      options: { reduce: "mean", skipSelf: true, selfCoefficient: 0.5 },
    })
    // row 0: (20 + 20 + 300) / 3 + 0.5*1*1*1; row 1: 0 + 0.5*2*5*10; row 2: 0.5*3*10*100
    const column = [340 / 3 + 0.5, 50, 1500]
    expect(out).toEqual(column.map((v) => [expect.closeTo(v, 10), expect.closeTo(-v, 10)]))
  })

  it("agrees with a dense product on random graphs", () => {
    fc.assert(
      fc.property(spmmCases, (given) => {
        const expected = denseSpmm(given)
        expect(spmm(given)).toEqual(expected.map((row) => row.map((v) => expect.closeTo(v, 9))))
      }),
      { numRuns: 300 },
    )
  })
})

/** Small integers are exact in float32. */
const small = fc.integer({ min: -8, max: 8 })
const spmmCases = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }))
  .chain(([nodes, width]) => {
    const node = fc.integer({ min: 0, max: nodes - 1 })
    const perNode = fc.array(small, { minLength: nodes, maxLength: nodes })
    return fc.record({
      edges: fc.array(fc.array(node, { maxLength: 7 }), { minLength: nodes, maxLength: nodes }),
      x: fc.array(fc.array(small, { minLength: width, maxLength: width }), {
        minLength: nodes,
        maxLength: nodes,
      }),
      colScale: perNode,
      selfWeight: perNode,
      options: fc.record({
        reduce: fc.constantFrom("sum" as const, "mean" as const),
        skipSelf: fc.boolean(),
        selfCoefficient: fc.constantFrom(0, 1, 2.5),
      }),
    })
  })

/** y = (D^-1 (A - loops) + self) diag(colScale) x by dense matrices. */
const denseSpmm = ({
  edges,
  x,
  colScale,
  selfWeight,
  options,
}: Required<Omit<SpmmCase, "values">>) =>
  edges.map((_, r) => {
    const counts = x.map((_, c) => edges[r]!.filter((source) => source === c).length)
    if (options.skipSelf) counts[r] = 0
    const edgesOfRow = counts.reduce((a, b) => a + b, 0)
    const divisor = options.reduce === "mean" && edgesOfRow > 0 ? edgesOfRow : 1
    const matrixRow = counts.map(
      (count, c) =>
        (count / divisor + (c === r ? options.selfCoefficient! * selfWeight[r]! : 0)) *
        colScale[c]!,
    )
    return x[0]!.map((_, column) =>
      matrixRow.reduce((sum, factor, c) => sum + factor * x[c]![column]!, 0),
    )
  })

interface GatCase {
  readonly edges: Rows
  readonly heads: number
  readonly x: Rows
  readonly src: Rows
  readonly dst: Rows
  readonly concat: boolean
  readonly selfLoops: boolean
}

const gat = (given: GatCase) => {
  const bench = new Workbench()
  const { offsets, columns } = csr(given.edges)
  const headWidth = given.x[0]!.length / given.heads
  const width = given.concat ? given.heads * headWidth : headWidth
  const y = bench.empty(given.edges.length, width)
  const op: GatOp = {
    kind: "gat",
    name: "gat",
    m: given.edges.length,
    nnz: columns.length,
    heads: given.heads,
    headWidth,
    concat: given.concat,
    selfLoops: given.selfLoops,
    negativeSlope: 0.25,
    rowOffsets: bench.ints(offsets),
    colIndices: bench.ints(columns),
    x: bench.matrix(given.x, given.x[0]!.length + 1),
    scoreSrc: bench.matrix(given.src, given.heads + 1),
    scoreDst: bench.matrix(given.dst),
    y,
    epilogue: identityEpilogue,
  }
  return bench.run(op, { at: y, rows: given.edges.length, cols: width })
}

/** Attention as a dense [m, m] matrix of multiplicities times exp(logit), normalised by rows. */
const denseGat = ({ edges, heads, x, src, dst, concat, selfLoops }: GatCase) => {
  const headWidth = x[0]!.length / heads
  const perHead = Array.from({ length: heads }, (_, h) =>
    edges.map((row, r) => {
      const powers = x.map((_, c) => {
        const stored = row.filter((source) => source === c).length
        const count = selfLoops && c === r ? 1 : stored
        const raw = src[c]![h]! + dst[r]![h]!
        return count * Math.exp(raw >= 0 ? raw : raw / 4)
      })
      const total = powers.reduce((a, b) => a + b, 0)
      return Array.from({ length: headWidth }, (_, j) =>
        total === 0 ? 0 : powers.reduce((s, p, c) => s + p * x[c]![h * headWidth + j]!, 0) / total,
      )
    }),
  )
  return edges.map((_, r) =>
    concat
      ? perHead.flatMap((head) => head[r]!)
      : perHead[0]![r]!.map((_, j) => perHead.reduce((s, head) => s + head[r]![j]!, 0) / heads),
  )
}

describe("gat", () => {
  it("weighs sources by a softmax over incoming edges", () => {
    const out = gat({
      edges: [[0, 1], [1, 1, 0], []],
      heads: 1,
      x: [[4], [8], [16]],
      src: [[0], [Math.log(3)], [0]],
      dst: [[0], [0], [0]],
      concat: true,
      selfLoops: false,
    })
    // weights 1:3, then 3:3:1, then none
    expect(out).toEqual([[expect.closeTo(7, 12)], [expect.closeTo(52 / 7, 12)], [0]])
  })

  it("has exactly one loop per node where loops are asked for, however many are stored", () => {
    const given = { heads: 1, x: [[4], [8]], src: [[0], [0]], dst: [[0], [0]], concat: true }
    expect(gat({ ...given, edges: [[0, 0, 0, 1], []], selfLoops: true })).toEqual([[6], [8]])
    expect(gat({ ...given, edges: [[0, 0, 0, 1], []], selfLoops: false })).toEqual([[5], [0]])
  })

  it("does not overflow for scores far beyond the range of exp", () => {
    const out = gat({
      edges: [[0, 1], []],
      heads: 1,
      x: [[1], [2]],
      src: [[5000], [4000]],
      dst: [[0], [0]],
      concat: true,
      selfLoops: false,
    })
    expect(out).toEqual([[1], [0]])
  })

  it("agrees with dense attention on random graphs, concatenated or averaged", () => {
    const cases = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }))
      .chain(([nodes, heads]) => {
        const table = (width: number) =>
          fc.array(fc.array(small, { minLength: width, maxLength: width }), {
            minLength: nodes,
            maxLength: nodes,
          })
        const node = fc.integer({ min: 0, max: nodes - 1 })
        return fc.record({
          edges: fc.array(fc.array(node, { maxLength: 6 }), {
            minLength: nodes,
            maxLength: nodes,
          }),
          heads: fc.constant(heads),
          x: table(heads * 2),
          src: table(heads),
          dst: table(heads),
          concat: fc.boolean(),
          selfLoops: fc.boolean(),
        })
      })
    fc.assert(
      fc.property(cases, (given) => {
        const expected = denseGat(given)
        expect(gat(given)).toEqual(expected.map((row) => row.map((v) => expect.closeTo(v, 9))))
      }),
      { numRuns: 300 },
    )
  })
})

describe("densify", () => {
  it("adds duplicates up and writes zeros elsewhere", () => {
    const bench = new Workbench()
    const y = bench.empty(3, 3)
    const op = {
      kind: "densify",
      name: "d",
      m: 3,
      k: 2,
      nnz: 4,
      rowOffsets: bench.ints([0, 3, 3, 4]),
      colIndices: bench.ints([1, 0, 1, 0]),
      values: bench.floats([1, 2, 3, 4]),
      y,
    } as const
    const out = bench.run(op, { at: y, rows: 3, cols: 2 })
    expect(out).toEqual([
      [2, 4],
      [0, 0],
      [4, 0],
    ])
  })
})

describe("readout", () => {
  it.each([
    [
      "sum",
      [
        [3, -3],
        [0, 0],
        [3, -3],
      ],
    ],
    [
      "mean",
      [
        [1.5, -1.5],
        [0, 0],
        [3, -3],
      ],
    ],
    [
      "max",
      [
        [2, -1],
        [0, 0],
        [3, -3],
      ],
    ],
  ] as const)("reduces by %s and gives 0 for an empty graph", (reduce, expected) => {
    const bench = new Workbench()
    const x = bench.matrix([
      [1, -1],
      [2, -2],
      [3, -3],
    ])
    const y = bench.empty(3, 2)
    const graphOffsets = bench.ints([0, 2, 2, 3])
    const op = { kind: "readout", name: "r", graphs: 3, m: 3, n: 2, reduce, graphOffsets } as const
    expect(bench.run({ ...op, x, y }, { at: y, rows: 3, cols: 2 })).toEqual(expected)
  })
})

describe("gather", () => {
  it("copies rows in the order asked, as often as asked", () => {
    const bench = new Workbench()
    const x = bench.matrix([
      [1, 2],
      [3, 4],
    ])
    const y = bench.empty(3, 2)
    const rows = bench.ints([1, 0, 1])
    const op = { kind: "gather", name: "g", count: 3, m: 2, n: 2, rows, x, y } as const
    const out = bench.run(op, { at: y, rows: 3, cols: 2 })
    expect(out).toEqual([
      [3, 4],
      [1, 2],
      [3, 4],
    ])
  })
})
