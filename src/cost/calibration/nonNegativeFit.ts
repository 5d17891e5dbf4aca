// Non-negative least squares on relative error, robust to outliers: minimise the sum of
// w_i ((x_i . c - y_i) / y_i)^2 over c >= 0, with weights by Huber's rule, fitted anew a few times.
// The inner problem is solved by cyclic coordinate descent on the normal equations, which for a
// convex quadratic over c >= 0 converges to the minimum (Franc et al., CAIP 2005).

export interface FitSample {
  readonly features: ReadonlyArray<number>
  /** What was measured, above 0. */
  readonly value: number
  /** How much it counts besides; 1 for all alike. */
  readonly weight: number
}

const sweeps = 4000
const rounds = 6

interface Normal {
  readonly q: ReadonlyArray<Float64Array>
  readonly b: Float64Array
}

/** Features scaled to relative ones, each column to unit length: products of like size. */
const normalOf = (
  rows: ReadonlyArray<Float64Array>,
  weights: ReadonlyArray<number>,
  width: number,
): Normal => {
  const q = Array.from({ length: width }, () => new Float64Array(width))
  const b = new Float64Array(width)
  rows.forEach((row, i) => {
    const w = weights[i]!
    for (let j = 0; j < width; j++) {
      b[j]! += w * row[j]!
      for (let k = 0; k < width; k++) q[j]![k]! += w * row[j]! * row[k]!
    }
  })
  return { q, b }
}

const descend = ({ q, b }: Normal, c: Float64Array): void => {
  const width = c.length
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let moved = 0
    for (let j = 0; j < width; j++) {
      const diagonal = q[j]![j]!
      if (diagonal === 0) continue
      let gradient = -b[j]!
      for (let k = 0; k < width; k++) gradient += q[j]![k]! * c[k]!
      const next = Math.max(0, c[j]! - gradient / diagonal)
      moved = Math.max(moved, Math.abs(next - c[j]!))
      c[j] = next
    }
    if (moved < 1e-10) return
  }
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/**
 * One coefficient for each feature, none below 0; 0 where no sample has the feature. Beyond a
 * relative error of `huber` a sample pulls no harder.
 */
export const nonNegativeFit = (
  samples: ReadonlyArray<FitSample>,
  huber = 0.1,
): ReadonlyArray<number> => {
  const width = samples[0]?.features.length ?? 0
  const scale = new Float64Array(width)
  for (const { features, value } of samples) {
    for (let j = 0; j < width; j++) scale[j] = Math.max(scale[j]!, features[j]! / value)
  }
  const rows = samples.map(({ features, value }) =>
    Float64Array.from(features, (x, j) => (scale[j] === 0 ? 0 : x / value / scale[j]!)),
  )
  const c = new Float64Array(width)
  let weights = samples.map(({ weight }) => weight)
  for (let round = 0; round < rounds; round++) {
    descend(normalOf(rows, weights, width), c)
    weights = samples.map(({ weight }, i) => {
      const error = Math.abs(dot(rows[i]!, c) - 1)
      return error <= huber ? weight : (weight * huber) / error
    })
  }
  return Array.from(c, (value, j) => (scale[j] === 0 ? 0 : value / scale[j]!))
}
