// The cases every build of the kernels goes through: the table of odd shapes, once in full and once
// thinned out for the sanitizers and the deliberate faults.
import {
  type CsrCase,
  csrOf,
  gemmShapes,
  graphCases,
  headShapes,
  randomFloats,
  rectangleCases,
  seededRandom,
  widths,
} from "../cases/shapes.ts"
import {
  aggGemmCase,
  aggModes,
  type CaseStorage,
  type CheckedCase,
  densifyCase,
  float32Modes,
  floats,
  type GatMode,
  type GemmMode,
  gatCase,
  gatv2Case,
  gemmCase,
  type Layout,
  layouts,
  rowCases,
  spmmCase,
  spmmModes,
  tight,
} from "./kernelCases.ts"

const layoutOf = (i: number) => layouts[i % layouts.length]!
/** Epilogue variants step by 7 through 32: each part and each activation comes with each layout. */
const variantOf = (i: number) => (i * 7) % 32

/** Rows on both sides of where a row is cut into segments, and loops among their edges. */
const heavyCase = csrOf(
  "rows of 255, 256, 257 and 600 edges",
  50,
  Array.from({ length: 50 }, (_, r) =>
    Array.from({ length: [3, 255, 256, 0, 257, 600][r] ?? 2 }, (_, e) => (e * 7 + r) % 50),
  ),
)
const graphs = [heavyCase, ...graphCases]
/** Rows read by 16 bytes in every group of lanes, and rows that cannot be. */
const halfWidths = [1, 7, 8, 16, 20, 32, 33, 64, 72, 136, 264]

/** Every `step`-th element, so that thin tables keep all kinds of cases. */
const thin = <A>(step: number, list: ReadonlyArray<A>): Array<A> =>
  list.filter((_, i) => i % step === 0)

export const gemmTable = (step = 1): Array<CheckedCase> =>
  float32Modes.flatMap((mode) => [
    ...thin(step, gemmShapes).map((shape, i) =>
      gemmCase(mode, shape, variantOf(i), layoutOf(i + 1)),
    ),
    // aligned, more than a tile both ways, split along k
    gemmCase(mode, [130, 1024, 68], 0, tight),
    gemmCase(mode, [9, 21, 37], 31, tight, { inPlaceAddend: true }),
    ...thin(
      4 * step,
      Array.from({ length: 128 }, (_, v) => v),
    ).map((variant) => gemmCase(mode, [9, 20, 36], variant, layoutOf(variant >> 2))),
  ])

export const spmmTable = (step = 1): Array<CheckedCase> => {
  let i = 0
  return [...graphs, ...rectangleCases].flatMap((csr) => {
    const large = csr.colIndices.length > 3000
    return (large ? [1, 17, 64, 130] : thin(step, widths)).flatMap((n) =>
      thin(large ? step : 1, spmmModes).map((mode) => {
        i += 1
        // an epilogue's float32 parts may cancel the long sums of a hub; the sums are the point
        return spmmCase(csr, n, mode, large ? 0 : variantOf(i), layoutOf(i >> 3))
      }),
    )
  })
}

/** Products of rounded operands, and of operands and results stored in two bytes. */
export const lowGemmTable = (step = 1): Array<CheckedCase> => {
  const pairs: ReadonlyArray<readonly [GemmMode, CaseStorage]> = [
    ["tf32", floats],
    ["tf32x3", { x: "fp32", y: "fp16" }],
    ...(["fp16", "bf16"] as const).flatMap((s) =>
      [{ x: s, y: s }, { x: "fp32", y: s } as const, { x: s, y: "fp32" } as const].flatMap(
        (storage) => [[s, storage] as const, ["ffma", storage] as const],
      ),
    ),
  ]
  // every shape comes with every fourth pair, every pair with every fourth shape
  const shapes = (p: number) => gemmShapes.filter((_, i) => (i + p) % (4 * step) === 0)
  return pairs.flatMap(([mode, storage], p) => [
    ...shapes(p).map((shape, i) =>
      gemmCase(mode, shape, variantOf(i + p), layoutOf(i + p), { storage }),
    ),
    gemmCase(mode, [130, 1024, 68], 0, tight, { storage }),
    gemmCase(mode, [133, 40, 24], 6, tight, { storage }),
    gemmCase(mode, [9, 21, 37], 31, tight, { storage, inPlaceAddend: true }),
  ])
}

/** Rows of x and y stored in two bytes. */
export const halfSpmmTable = (step = 1): Array<CheckedCase> => {
  const stored: ReadonlyArray<CaseStorage> = [
    { x: "fp16", y: "fp16" },
    { x: "bf16", y: "bf16" },
    { x: "fp16", y: "fp32" },
    { x: "fp32", y: "bf16" },
    { x: "bf16", y: "fp32" },
    { x: "fp32", y: "fp16" },
  ]
  let i = 0
  return [...graphs, ...rectangleCases].flatMap((csr) => {
    const large = csr.colIndices.length > 3000
    return (large ? [1, 17, 64, 264] : thin(step, halfWidths)).flatMap((n) =>
      thin(2 * step, spmmModes.slice(n % 2)).map((mode) => {
        i += 1
        const storage = stored[i % stored.length]!
        return spmmCase(csr, n, mode, large ? 0 : variantOf(i), layoutOf(i >> 2), { storage })
      }),
    )
  })
}

export const halfRowTable = (step = 1): Array<CheckedCase> =>
  thin(step, widths).flatMap((n, i) =>
    (["fp16", "bf16"] as const).flatMap((s) => [
      ...rowCases(n, layoutOf(i), undefined, { x: s, y: s }),
      ...rowCases(n, layoutOf(i + 1), undefined, { x: s, y: "fp32" }),
    ]),
  )

/** Widths on both sides of each tile, more and fewer columns than rows of shared memory have. */
const aggShapes = [
  [1, 1],
  [4, 16],
  [7, 5],
  [32, 32],
  [33, 31],
  [64, 64],
  [65, 130],
  [100, 33],
  [128, 128],
  [127, 63],
] as const

export const aggGemmTable = (step = 1): Array<CheckedCase> => {
  let i = 0
  return graphs.flatMap((csr) => {
    const large = csr.colIndices.length > 3000
    return thin(step, large ? aggShapes.slice(5, 7) : aggShapes).flatMap((shape) =>
      float32Modes.flatMap((gemmMode) =>
        thin(large ? 3 : 1, aggModes).map((mode) => {
          i += 1
          const variant = large ? 0 : variantOf(i)
          return aggGemmCase(gemmMode, csr, shape, mode, variant, layoutOf(i >> 2))
        }),
      ),
    )
  })
}

type BuildAttention = (csr: CsrCase, mode: GatMode, variant: number, layout: Layout) => CheckedCase
type HeadShapes = ReadonlyArray<readonly [number, number]>

const attentionTable = (
  build: BuildAttention,
  step: number,
  shapesOf: (edges: number) => HeadShapes,
): Array<CheckedCase> => {
  let i = 0
  return graphs.flatMap((csr) =>
    thin(step, shapesOf(csr.colIndices.length)).flatMap(([heads, headWidth]) =>
      [true, false].flatMap((concat) =>
        [true, false].map((selfLoops) => {
          i += 1
          const mode = { heads, headWidth, concat, selfLoops }
          return build(csr, mode, variantOf(i), layoutOf(i >> 2))
        }),
      ),
    ),
  )
}

export const gatTable = (step = 1) =>
  attentionTable(gatCase, step, (edges) => (edges > 3000 ? headShapes.slice(0, 6) : headShapes))

/** Each shuffle is a round of the emulator's fibers: many edges come with few heads. */
export const gatv2Table = (step = 1) =>
  attentionTable(gatv2Case, step, (edges) =>
    edges > 3000
      ? [[8, 8]]
      : edges > 300
        ? [
            [2, 3],
            [8, 8],
            [4, 64],
            [1, 47],
            [1, 257],
          ]
        : headShapes,
  )

/** Logits that are huge, tiny or minus infinity. */
export const hardLogits = (): Array<CheckedCase> => {
  const mode = { heads: 2, headWidth: 9, concat: true, selfLoops: true }
  return graphCases
    .filter(({ name }) => name.startsWith("rows of 63") || name.startsWith("power law"))
    .flatMap((csr) => {
      const scaled = (seed: number, by: number) =>
        randomFloats(seed, csr.m * 2).map((value) => value * by)
      const masked = scaled(3, 1).map((v, i) => (i % 3 === 0 ? Number.NEGATIVE_INFINITY : v))
      return [
        ...[1e-20, 1, 80, 1e4, 1e30].map((by) => ({
          scoreSrc: scaled(1, by),
          scoreDst: scaled(2, by),
        })),
        { scoreSrc: masked, scoreDst: scaled(4, 1) },
      ].flatMap((scores) => [
        gatCase(csr, mode, 0, tight, scores),
        gatCase(csr, { ...mode, concat: false }, 0, tight, scores),
      ])
    })
    .concat(hardAtt(mode))
}

/** GATv2's logits grow with `att`. */
const hardAtt = (mode: GatMode): Array<CheckedCase> => {
  return graphCases
    .filter(({ name }) => name.startsWith("rows of 63"))
    .concat(heavyCase)
    .flatMap((csr) => {
      const scaled = (by: number) => randomFloats(13, 18).map((value) => value * by)
      return [1e-20, 80, 1e4].flatMap((by) => [
        gatv2Case(csr, mode, 0, tight, scaled(by)),
        gatv2Case(csr, { ...mode, concat: false }, 0, tight, scaled(by)),
      ])
    })
}

export const rowTable = (step = 1): Array<CheckedCase> => [
  ...[...graphCases, ...rectangleCases].map((csr, i) => densifyCase(csr, layoutOf(i))),
  ...thin(step, widths).flatMap((n, i) => rowCases(n, layoutOf(i))),
]

/** NaN and infinities in inputs: they reach what depends on them and nothing else. */
export const spoiledTable = (): Array<CheckedCase> => {
  const csr = graphCases.find(({ name }) => name.startsWith("random"))!
  const spmm = [3, 16, 33, 130].flatMap((n) => {
    const x = randomFloats(41, csr.k * n)
    x[5 * n] = Number.NaN
    x[9 * n + n - 1] = Number.POSITIVE_INFINITY
    x[11 * n + 1] = Number.NEGATIVE_INFINITY
    return spmmModes.map((mode) => spmmCase(csr, n, mode, 0, tight, { x }))
  })
  const scoreSrc = randomFloats(42, csr.m * 3)
  scoreSrc[7 * 3 + 1] = Number.NaN
  scoreSrc[8 * 3 + 2] = Number.POSITIVE_INFINITY
  const scores = { scoreSrc, scoreDst: randomFloats(43, csr.m * 3) }
  const rows = rowCases(37, tight, (x) => {
    x[3] = Number.NaN
    x[37 + 36] = Number.POSITIVE_INFINITY
    x[2 * 37 + 5] = Number.NEGATIVE_INFINITY
  })
  const mode = { heads: 3, headWidth: 7, concat: true, selfLoops: true }
  return [
    ...spmm,
    gatCase(csr, mode, 0, tight, scores),
    gatCase(csr, { ...mode, headWidth: 16, concat: false, selfLoops: false }, 0, tight, scores),
    ...rows,
  ]
}

/** Long sums of one sign, where rounding would pile up. */
export const longSums = (): Array<CheckedCase> => {
  const random = seededRandom(99)
  const positive = (length: number) => Float32Array.from({ length }, () => random() + 0.1)
  const hub = csrOf("hub", 20_000, [Array.from({ length: 20_000 }, (_, i) => i)])
  return [spmmCase(hub, 3, { reduce: "sum" }, 0, tight, { x: positive(60_000) })]
}
