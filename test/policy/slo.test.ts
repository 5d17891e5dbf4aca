// What slo promises: targets before short responses, short responses before long ones, nobody passed by
// for ever, and no company that costs more than it brings.
import { describe, expect, it } from "vitest"
import type { Demand } from "../../src/model/Plan.ts"
import type { Decision, WaitingTask } from "../../src/model/Snapshot.ts"
import { lookahead } from "../../src/policy/Lookahead.ts"
import { patienceFactor, patienceMs, patienceTurn } from "../../src/policy/patience.ts"
import { slo } from "../../src/policy/slo.ts"
import { testRandom } from "../support/random.ts"
import { type TaskInput, tasksOf, World } from "./world.ts"

/** Keeps the memory busy alone. */
const heavy: Demand = { bandwidth: 1, compute: 0 }

const worldOf = (
  inputs: ReadonlyArray<Partial<TaskInput>>,
  rest: { lanes?: number; budgetBytes?: number; weights?: Record<string, number> } = {},
) => {
  const { lanes = 1, budgetBytes = 1 << 20, weights = {} } = rest
  const tasks = tasksOf(inputs.map((input) => ({ arenaBytes: 64, ...input })))
  return new World({ tasks, budgetBytes, lanes, weights, mode: "continuous" })
}

const decide = (world: World, nowMs = 0): Decision => slo(world.snapshot(), nowMs)

/** One lane, one task after the other: the order in which they run. */
const orderOf = (world: World, nowMs = 0): ReadonlyArray<string> => {
  const order: Array<string> = []
  let at = nowMs
  while (world.waiting.length > 0) {
    const { start } = decide(world, at)
    const task = world.waiting.find(({ id }) => id === start[0])!
    world.start({ start: [task.id], blocked: null, thresholdBytes: null })
    world.end(0)
    at += task.predictedMs
    order.push(task.id)
  }
  return order
}

describe("slo", () => {
  it("runs the shortest first where no target is at risk", () => {
    const inputs = [{ predictedMs: 30 }, { predictedMs: 5, qosTargetMs: 1000 }, { predictedMs: 10 }]
    expect(orderOf(worldOf(inputs))).toEqual(["t1", "t2", "t0"])
  })

  it("runs first what a shorter task would make late", () => {
    const inputs = [{ predictedMs: 5 }, { predictedMs: 20, qosTargetMs: 24 }]
    expect(orderOf(worldOf(inputs))).toEqual(["t1", "t0"])
  })

  it("gives up the dearest where not all targets can be met, and runs it last", () => {
    const inputs = [
      { predictedMs: 30, qosTargetMs: 32 },
      { predictedMs: 10, qosTargetMs: 33 },
      { predictedMs: 10, qosTargetMs: 34 },
    ]
    expect(orderOf(worldOf(inputs))).toEqual(["t1", "t2", "t0"])
  })

  it("gives up the target of the lighter tenant", () => {
    const inputs = [
      { predictedMs: 10, qosTargetMs: 11, tenant: "light" },
      { predictedMs: 10, qosTargetMs: 12, tenant: "heavy" },
    ]
    expect(orderOf(worldOf(inputs, { weights: { heavy: 3 } }))).toEqual(["t1", "t0"])
  })

  it("runs the shortest per weight first, also where a shorter one weighs less", () => {
    const light = Array.from({ length: 13 }, () => ({ predictedMs: 10, tenant: "light" }))
    const inputs = [...light, { predictedMs: 20, tenant: "heavy" }]
    const world = worldOf(inputs, { weights: { heavy: 3 } })
    for (const maxWeight of [3, Number.POSITIVE_INFINITY]) {
      expect(slo({ ...world.snapshot(), maxWeight }, 0).start).toEqual(["t13"])
    }
  })

  it("runs what is late already after all that it would make late", () => {
    const inputs = [
      { predictedMs: 5, qosTargetMs: 1 },
      { predictedMs: 50, qosTargetMs: 54 },
    ]
    expect(orderOf(worldOf(inputs))).toEqual(["t1", "t0"])
  })

  it("waits for the better order where few tasks are left: a heavy one alone, the others together", () => {
    // Together the first two take 40 ms each; one after the other the short one is done after 10.
    const heavyOnes = [
      { predictedMs: 30, demand: heavy },
      { predictedMs: 10, demand: heavy },
    ]
    expect(decide(worldOf(heavyOnes, { lanes: 2 })).start).toEqual(["t1"])
    const light = { predictedMs: 20, demand: { bandwidth: 0, compute: 0.5 } }
    expect(decide(worldOf([...heavyOnes, light], { lanes: 2 })).start).toEqual(["t1", "t2"])
  })

  it("sees all that run on a device of many lanes", () => {
    // The last four that run and the one that waits keep the memory busy: one more would slow all.
    const inputs = Array.from({ length: 41 }, (_, at) => ({
      predictedMs: 10,
      ...(at >= 36 ? { demand: heavy } : {}),
    }))
    const world = worldOf(inputs, { lanes: 48 })
    const start = inputs.slice(0, 40).map((_, at) => `t${at}`)
    world.start({ start, blocked: null, thresholdBytes: null })
    expect(decide(world)).toMatchObject({ start: [], blocked: { reason: "interference" } })
  })

  it("sees who is in time behind any number of those whose target is lost", () => {
    const lost = Array.from({ length: 4 * lookahead }, () => ({ predictedMs: 8, qosTargetMs: 2 }))
    const world = worldOf([...lost, { predictedMs: 20, qosTargetMs: 150 }, { predictedMs: 30 }])
    expect(decide(world, 100).start).toEqual([`t${lost.length}`])
    world.start({ start: [`t${lost.length}`], blocked: null, thresholdBytes: null })
    world.end(0)
    // Nor does who has no target wait for them.
    expect(decide(world, 120).start).toEqual([`t${lost.length + 1}`])
  })

  it("lets a lost one that is far shorter go first, unless a target is at risk for it", () => {
    const lost = Array.from({ length: lookahead }, () => ({ predictedMs: 4, qosTargetMs: 2 }))
    const startBeside = (qosTargetMs: number) =>
      decide(worldOf([...lost, { predictedMs: 20, qosTargetMs: 100 + qosTargetMs }]), 100).start
    expect(startBeside(150)).toEqual(["t0"])
    expect(startBeside(22)).toEqual([`t${lost.length}`])
  })

  it("gives the oldest its turn without giving up the targets of the others", () => {
    const lost = Array.from({ length: 20 }, () => ({ predictedMs: 6, qosTargetMs: 2 }))
    const world = worldOf(lost)
    let nowMs = 2 * patienceMs
    let met = 0
    for (let turn = 0; turn < 5 * patienceTurn; turn++) {
      const input = { arenaBytes: 64, predictedMs: 20, qosTargetMs: 25, submittedAtMs: nowMs }
      world.waiting = [...world.waiting, ...tasksOf([input], lost.length + turn)]
      const { start } = decide(world, nowMs)
      if (start[0] === `t${lost.length + turn}`) met++
      world.start({ start, blocked: null, thresholdBytes: null })
      world.end(0)
      nowMs += 20
    }
    expect(met).toBe(5 * (patienceTurn - 1))
  })

  it("loads first what most tasks need", () => {
    const graph = (key: string) => ({ residents: [{ key, bytes: 4096 }] })
    const inputs = [
      { predictedMs: 20, ...graph("one") },
      { predictedMs: 21, ...graph("many") },
      { predictedMs: 21, ...graph("many") },
      { predictedMs: 21, ...graph("many") },
    ]
    const world = worldOf(inputs)
    const slowLink = { ...world.snapshot(), loadBytesPerMs: 40 }
    expect(slo(slowLink, 0).start).toEqual(["t1"])
  })

  it("starts beside others only what gains more than it costs", () => {
    const alike = { predictedMs: 10, demand: heavy }
    const crowded = decide(worldOf([alike, alike], { lanes: 2 }))
    expect(crowded.start).toEqual(["t0"])
    expect(crowded.blocked).toEqual({ id: "t1", reason: "interference" })
    const apart = decide(worldOf([{ predictedMs: 10 }, { predictedMs: 10 }], { lanes: 2 }))
    expect(apart.start).toEqual(["t0", "t1"])
    const short = { predictedMs: 1, demand: heavy }
    const joined = worldOf([alike, short], { lanes: 2 })
    joined.start({ start: ["t0"], blocked: null, thresholdBytes: null })
    expect(decide(joined).start).toEqual(["t1"])
  })

  it("lets smaller tasks by while a large one waits for memory, and for so long only", () => {
    const inputs = [
      { arenaBytes: 700, predictedMs: 100 },
      { arenaBytes: 900, predictedMs: 1 },
      { arenaBytes: 128, predictedMs: 50 },
    ]
    const world = worldOf(inputs, { lanes: 3, budgetBytes: 1024 })
    world.start({ start: ["t0"], blocked: null, thresholdBytes: null })
    expect(decide(world)).toMatchObject({
      start: ["t2"],
      blocked: { id: "t1", reason: "memory" },
    })
    const later = (patienceMs + patienceFactor) / 2 + 1
    expect(decide(world, later).start).toEqual([])
  })

  const seed = 20261124
  it(`keeps nobody waiting behind later ones beyond its bound, 1,000 runs, seed ${seed}`, () => {
    const random = testRandom(seed)
    for (let run = 0; run < 1000; run++) {
      // One long task without a target, and a flood of short ones with tight targets.
      const long = { predictedMs: 50 + random.int(200), submittedAtMs: 0 }
      const bound = patienceMs + patienceFactor * long.predictedMs
      const flood = (atMs: number, seq: number): WaitingTask => {
        const input = { arenaBytes: 64, predictedMs: 20, qosTargetMs: 30, submittedAtMs: atMs }
        return tasksOf([input], seq)[0]!
      }
      const world = worldOf([long])
      let nowMs = bound - random.int(2000)
      let seq = 1
      world.waiting = [...world.waiting, flood(nowMs, seq++)]
      for (;;) {
        const { start } = decide(world, nowMs)
        if (start[0] === "t0") break
        world.start({ start, blocked: null, thresholdBytes: null })
        world.end(0)
        nowMs += 20
        world.waiting = [...world.waiting, flood(nowMs, seq++)]
      }
      expect(nowMs).toBeLessThanOrEqual(bound + 20 * patienceTurn)
    }
  })
})
