// A small scheduling problem, drawn from a seed: what each task takes, brings, weighs and promises.
import type { Demand } from "../../src/model/Plan.ts"
import { testRandom } from "../../test/support/random.ts"

export interface Job {
  readonly arrivesMs: number
  /** Alone, once its graph is there. */
  readonly runMs: number
  readonly demand: Demand
  readonly arenaBytes: number
  /** One of the instance's graphs, which it has loaded first where it is missing. */
  readonly graph: number
  /** Of its tenant. */
  readonly weight: number
  readonly dueMs: number | null
}

export interface Instance {
  readonly seed: number
  readonly jobs: ReadonlyArray<Job>
  readonly lanes: number
  /** For arenas; the graphs have room of their own. */
  readonly arenaBudgetBytes: number
  /** How long each graph takes over the link, whole. */
  readonly loadMs: ReadonlyArray<number>
}

export const alignBytes = 64
/** An arena is a multiple of this, so much that all graphs together are less. */
const arenaStep = 100 * alignBytes

const between = (low: number, high: number, part: number): number => low * (high / low) ** part

/**
 * Lengths over two decades, four tenants, memory for a few of the tasks at once. Half of the instances
 * have all tasks at once and a deadline for every third, the others have them as they come.
 */
export const makeInstance = (seed: number, most: number): Instance => {
  const random = testRandom(seed)
  const count = Math.min(most, 3 + random.int(8))
  const spreadMs = random.int(2) * 30
  const graphs = 1 + random.int(3)
  const jobs = Array.from({ length: count }, (): Job => {
    const runMs = between(1, 100, random.next())
    const arrivesMs = spreadMs * count * random.next() * 0.5
    return {
      arrivesMs,
      runMs,
      demand: { bandwidth: random.next(), compute: 0.5 * random.next() },
      arenaBytes: arenaStep * (1 + random.int(60)),
      graph: random.int(graphs),
      weight: 1 + random.int(4),
      dueMs: random.int(3) === 0 && spreadMs === 0 ? runMs * (1.5 + 10 * random.next()) : null,
    }
  })
  return {
    seed,
    jobs,
    lanes: 1 + random.int(3),
    arenaBudgetBytes: arenaStep * (60 + random.int(60)),
    loadMs: Array.from({ length: graphs }, () => 1 + random.int(10)),
  }
}
