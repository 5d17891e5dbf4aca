// How sure a promise is. Of many tasks in a row some take longer and some less: what is kept free is
// reckoned of the variance of all before a deadline, since a margin for each adds up to far too much.

import { p95Deviations } from "../cost/Spread.ts"

/** Standard deviations kept free before a deadline. Found by bench/qosLoad.ts. */
export const sureness = 3

/** No later than this, but for chance. */
export const surely = (atMs: number, variance: number, deviations = sureness): number =>
  atMs + deviations * Math.sqrt(variance)

/** That an end which varies comes after a deadline: the normal distribution, by its logistic likeness. */
export const chanceLate = (dueAtMs: number, atMs: number, variance: number): number =>
  variance === 0
    ? Number(atMs > dueAtMs)
    : 1 / (1 + Math.exp((1.702 * (dueAtMs - atMs)) / Math.sqrt(variance)))

/** The standard deviation that belongs to a median and a 95th percentile. */
export const deviationOf = (p50Ms: number, p95Ms: number): number => (p95Ms - p50Ms) / p95Deviations
