// What is due, run in thought: whoever stops whom, what comes of it can be acted upon.
import { describe, expect, it } from "vitest"
import { shares } from "../../src/model/Interference.ts"
import { walkByDue } from "../../src/policy/DueWalk.ts"
import type { Promised } from "../../src/policy/PromiseLine.ts"
import { sureness } from "../../src/policy/sureness.ts"
import type { Underway } from "../../src/policy/underway.ts"
import { testRandom } from "../support/random.ts"

const light = { bandwidth: 0.1, compute: 0.1 }

const run = (id: string, rest: Partial<Underway>): Underway => ({
  id,
  dueAtMs: Number.POSITIVE_INFINITY,
  turnAtMs: rest.dueAtMs ?? Number.POSITIVE_INFINITY,
  demand: light,
  slowdown: 1,
  endsAtMs: 100,
  endVariance: 0,
  boundaryAtMs: null,
  boundaryVariance: 0,
  isStopping: false,
  ...rest,
})

const task = (dueAtMs: number, runMs: number, seq = 0): Promised => ({
  dueAtMs,
  turnAtMs: dueAtMs,
  seq,
  runMs,
  deviationMs: 0,
  demand: light,
})

const concurrency = { lanes: 2, interference: shares }

describe("a walk by deadlines", () => {
  it("names the task that takes the lane of a run, not a run that does", () => {
    const runs = [
      run("stops", { dueAtMs: 50, endsAtMs: 60, boundaryAtMs: 10, isStopping: true }),
      run("gives", { boundaryAtMs: 15 }),
    ]
    const order = [task(20, 10), task(200, 10)]
    expect([...walkByDue(order, { runs, concurrency, nowMs: 0 }).stops]).toEqual([["stops", 0]])
    const [gives] = runs.slice(1)
    const walked = walkByDue([task(20, 10)], { runs: [gives!], concurrency, nowMs: 0 })
    expect(walked.ends[0]).toBe(10)
  })

  it("slows a task by those it runs beside, while it does", () => {
    const half = { bandwidth: 0.75, compute: 0 }
    const order = [task(100, 10), task(100, 20)].map((each) => ({ ...each, demand: half }))
    const walked = walkByDue(order, { runs: [], concurrency, nowMs: 0 })
    expect(walked.ends).toEqual([15, 25])
    expect(walked.freeAtMs).toBe(20)
  })

  it("says of each run whether it is late, for its company or for its stop", () => {
    const half = { bandwidth: 0.75, compute: 0 }
    const beside = run("beside", { endsAtMs: 10, dueAtMs: 12, demand: half })
    const alone = walkByDue([], { runs: [beside], concurrency, nowMs: 0 })
    expect([...alone.runChances]).toEqual([[beside, 0]])
    const order = [{ ...task(100, 20), demand: half }]
    const walked = walkByDue(order, { runs: [beside], concurrency, nowMs: 0 })
    expect([...walked.runChances]).toEqual([[beside, 1]])
    expect(walked.expectedLate).toBe(1)
  })

  it("varies no more for waiting at a boundary", () => {
    const boundary = { boundaryAtMs: 1, boundaryVariance: 1.44, endVariance: 4 }
    const gives = run("gives", { ...boundary, endsAtMs: 50 })
    const ends = run("ends", { endsAtMs: 3, dueAtMs: 5 })
    const order = [task(10, 1), task(20, 30), task(21, 1)]
    const walked = walkByDue(order, { runs: [gives, ends], concurrency, nowMs: 0 })
    expect([...walked.stops]).toEqual([["gives", 2]])
    expect(walked.ends).toEqual([4, 34, 5 + 1.2 * sureness])
  })

  const seed = 20261126
  it(`ends every task, and stops runs for tasks that there are, 5,000 walks, seed ${seed}`, () => {
    const random = testRandom(seed)
    for (let walk = 0; walk < 5000; walk++) {
      const order = Array.from({ length: random.int(6) }, (_, seq) =>
        task(random.int(300), 1 + random.int(60), seq),
      ).sort((a, b) => a.dueAtMs - b.dueAtMs)
      const runs = Array.from({ length: random.int(4) }, (_, at) => {
        const endsAtMs = 1 + random.int(200)
        const boundaryAtMs = random.int(3) === 0 ? null : random.int(endsAtMs)
        const dueAtMs = random.int(2) === 0 ? Number.POSITIVE_INFINITY : endsAtMs + random.int(200)
        const isStopping = boundaryAtMs !== null && random.int(3) === 0
        return run(`r${at}`, { endsAtMs, boundaryAtMs, dueAtMs, isStopping })
      })
      const { ends, stops } = walkByDue(order, { runs, concurrency, nowMs: 0 })
      expect(ends.every((end, at) => end >= order[at]!.runMs)).toBe(true)
      for (const at of stops.values()) expect(order[at]).toBeDefined()
    }
  })
})
