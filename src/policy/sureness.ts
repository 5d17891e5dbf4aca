// How sure a promise is. Of many tasks in a row some take longer and some less: what is kept free is
// reckoned of the variance of all before a deadline, since a margin for each adds up to far too much.

import { p95Deviations } from "../cost/Spread.ts"

/** Standard deviations kept free before a deadline. Found by bench/qosLoad.ts. */
export const sureness = 2

/** No later than this, but for chance. */
export const surely = (atMs: number, variance: number): number =>
  atMs + sureness * Math.sqrt(variance)

/** That an end which varies comes after a deadline, by the normal distribution. */
export const chanceLate = (dueAtMs: number, atMs: number, variance: number): number =>
  variance === 0 ? Number(atMs > dueAtMs) : beyond((dueAtMs - atMs) / Math.sqrt(variance))

/** Of normal chance, beyond so many deviations; to 1e-5 (Abramowitz and Stegun 1964, 26.2.16). */
const beyond = (deviations: number): number => {
  const t = 1 / (1 + 0.33267 * Math.abs(deviations))
  const density = Math.exp(-(deviations ** 2) / 2) / Math.sqrt(2 * Math.PI)
  const tail = density * t * (0.4361836 + t * (-0.1201676 + t * 0.937298))
  return deviations < 0 ? 1 - tail : tail
}

/** The standard deviation that belongs to a median and a 95th percentile. */
export const deviationOf = (p50Ms: number, p95Ms: number): number => (p95Ms - p50Ms) / p95Deviations
