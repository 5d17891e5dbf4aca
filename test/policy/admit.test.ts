// Which deadlines can be promised, against trying every order of small sets.
import { describe, expect, it } from "vitest"
import { shares } from "../../src/model/Interference.ts"
import type { Demand } from "../../src/model/Plan.ts"
import { earliestFinishMs, type Load, type Promised } from "../../src/policy/admit.ts"
import { testRandom } from "../support/random.ts"

/** Keeps the device busy alone. */
const whole = { bandwidth: 1, compute: 0 }
/** Leaves room for others on other lanes. */
const light = { bandwidth: 0, compute: 0 }

const promise = (runMs: number, dueAtMs: number, demand = whole): Promised => ({
  runMs,
  medianMs: runMs,
  dueAtMs,
  demand,
})

const under = (runMs: number, demand: Demand) => ({ startedAtMs: 0, runMs, demand })

const load = (promises: ReadonlyArray<Promised>, rest: Partial<Load> = {}): Load => ({
  promises,
  running: [],
  concurrency: { lanes: 1, interference: shares },
  nowMs: 0,
  ...rest,
})

const permutations = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, at) =>
        permutations(items.filter((_, other) => other !== at)).map((rest) => [item, ...rest]),
      )

/** The least end of the newcomer over all orders in which every promise is kept. */
const leastEnd = (newcomer: Promised, { promises }: Load): number => {
  let least = Number.POSITIVE_INFINITY
  for (const order of permutations([...promises, newcomer])) {
    let at = 0
    let end = 0
    const kept = order.every((task) => {
      at += task.runMs
      if (task === newcomer) end = at
      return task === newcomer || at <= task.dueAtMs
    })
    if (kept) least = Math.min(least, end)
  }
  return least
}

describe("the earliest end that can be promised", () => {
  it("is at once on an idle device, behind what runs on a busy one", () => {
    expect(earliestFinishMs(promise(5, 0), load([]))).toBe(5)
    expect(earliestFinishMs(promise(5, 0), load([], { running: [under(7, whole)] }))).toBe(12)
    expect(
      earliestFinishMs(
        promise(5, 0, light),
        load([], { running: [under(7, light)], concurrency: { lanes: 2, interference: shares } }),
      ),
    ).toBe(5)
  })

  it("comes before promises that can wait and after those that cannot", () => {
    expect(earliestFinishMs(promise(5, 0), load([promise(10, 100)]))).toBe(5)
    expect(earliestFinishMs(promise(5, 0), load([promise(10, 12)]))).toBe(15)
    expect(earliestFinishMs(promise(5, 0), load([promise(10, 12), promise(10, 50)]))).toBe(15)
  })

  it("does not keep room for a promise that is lost anyway", () => {
    expect(earliestFinishMs(promise(5, 0), load([promise(10, 3)]))).toBe(5)
  })

  const seed = 20261124
  it(`is the least over all orders on one lane, 300 random loads, seed ${seed}`, () => {
    const random = testRandom(seed)
    for (let run = 0; run < 300; run++) {
      let work = 0
      const promises = Array.from({ length: 1 + random.int(5) }, () => {
        const runMs = 1 + random.int(9)
        work += runMs
        return promise(runMs, work + random.int(12))
      }).sort((a, b) => a.dueAtMs - b.dueAtMs)
      const newcomer = promise(1 + random.int(9), 0)
      const at = load(promises)
      expect(earliestFinishMs(newcomer, at)).toBe(leastEnd(newcomer, at))
    }
  })
})
