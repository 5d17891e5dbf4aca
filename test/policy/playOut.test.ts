// A play that is given up early is one that could not have been the best.
import { expect, it } from "vitest"
import { bestPlay } from "../../src/policy/bestPlay.ts"
import { isBetter, PlayOut } from "../../src/policy/PlayOut.ts"
import { testRandom } from "../support/random.ts"
import { tasksOf, World } from "./world.ts"

it("starts side by side only what fits side by side, and the rest when something has ended", () => {
  const play = (arenaBytes: number) => {
    const tasks = tasksOf([10, 20].map((predictedMs) => ({ arenaBytes, predictedMs })))
    const world = new World({ tasks, budgetBytes: 640, lanes: 2, mode: "continuous" })
    const options = { snapshot: world.snapshot(), tasks, nowMs: 0, sparePart: 0.1 }
    return new PlayOut({ ...options, roomless: new Set() }).play({ order: [0, 1], atMost: [2, 2] })
  }
  expect(play(320)).toMatchObject({ first: [0, 1], weightedMs: 10 + 20 })
  expect(play(384)).toMatchObject({ first: [0], weightedMs: 10 + 30 })
})

it("moves ahead those that would be late and can still be met", () => {
  const targets = [
    [90, 120],
    [10, 40],
    [20, 220],
    [30, 140],
    [40, 60],
  ] as const
  const tasks = tasksOf(
    targets.map(([predictedMs, qosTargetMs]) => ({ arenaBytes: 64, predictedMs, qosTargetMs })),
  )
  const world = new World({ tasks, budgetBytes: 640, lanes: 1, mode: "continuous" })
  const options = { snapshot: world.snapshot(), tasks, nowMs: 0, sparePart: 0.1 }
  // Neither by length nor by deadline, nor by one change of either, are four of the five in time.
  expect(bestPlay({ ...options, roomless: new Set() }).lateWeight).toBe(1)
})

/** Tasks that want the same pool, and courses of them. */
const scenario = (seed: number) => {
  const random = testRandom(seed)
  const inputs = Array.from({ length: 2 + random.int(9) }, () => ({
    arenaBytes: 64 * (1 + random.int(40)),
    predictedMs: 1 + random.int(100),
    qosTargetMs: random.int(2) === 0 ? null : 20 + random.int(300),
    tenant: `x${random.int(2)}`,
    demand: { bandwidth: random.int(11) / 10, compute: random.int(11) / 10 },
  }))
  const tasks = tasksOf(inputs)
  const lanes = 1 + random.int(3)
  const world = new World({
    tasks,
    budgetBytes: 64 * 60,
    lanes,
    weights: { x0: 1, x1: 1 + random.int(3) },
    mode: "continuous",
  })
  const snapshot = world.snapshot()
  const options = { snapshot, tasks, nowMs: 0, sparePart: 0.1, roomless: new Set<number>() }
  const orderOf = () => tasks.map((_, at) => at).sort(() => random.int(3) - 1)
  const courseOf = () => ({ order: orderOf(), atMost: tasks.map(() => random.int(4)) })
  return { out: new PlayOut(options), tasks, lanes, orderOf, courseOf }
}

it("gives a play up only where it is no better than the best so far", () => {
  let givenUp = 0
  for (let seed = 0; seed < 300; seed++) {
    const { courseOf, out } = scenario(seed)
    const best = out.play(courseOf())
    for (let turn = 0; turn < 20; turn++) {
      const course = courseOf()
      const whole = out.play(course)
      const played = out.playAgainst(course, best)
      if (played !== null) expect(played, `seed ${seed}`).toEqual(whole)
      else expect(isBetter(whole, best), `seed ${seed}`).toBe(false)
      if (played === null) givenUp++
    }
  }
  expect(givenUp).toBeGreaterThan(1000)
})

it("is the same whatever company somebody accepts who was refused none", () => {
  let same = 0
  let other = 0
  for (let seed = 0; seed < 300; seed++) {
    const { lanes, orderOf, out, tasks } = scenario(seed)
    const order = orderOf()
    const atMost = tasks.map(() => 0)
    const { refused, ...played } = out.play({ order, atMost })
    for (const place of order) {
      const { refused: _, ...anyone } = out.play({ order, atMost: atMost.with(place, lanes) })
      if ((refused & (1 << place)) === 0) {
        same++
        expect(anyone, `seed ${seed}`).toEqual(played)
      } else if (anyone.weightedMs !== played.weightedMs) other++
    }
  }
  expect(same).toBeGreaterThan(100)
  expect(other).toBeGreaterThan(100)
})

it("calls those lost that are late in every play", () => {
  let lost = 0
  for (let seed = 0; seed < 300; seed++) {
    const { courseOf, out, tasks } = scenario(seed)
    const each = [...tasks.keys()].filter((place) => out.isLost(place))
    lost += each.length
    for (let turn = 0; turn < 5; turn++) {
      const { late, lateWeight } = out.play(courseOf())
      expect(lateWeight, `seed ${seed}`).toBeGreaterThanOrEqual(out.lostWeight)
      expect(late, `seed ${seed}`).toEqual(expect.arrayContaining(each))
    }
  }
  expect(lost).toBeGreaterThan(50)
})

it("counts what a target at risk adds to the response apart", () => {
  const task = { arenaBytes: 64, predictedMs: 40, qosTargetMs: 44 }
  const [tasks, nowMs] = [tasksOf([task]), 0]
  const world = new World({ tasks, budgetBytes: 640, lanes: 1, mode: "continuous" })
  const options = { snapshot: world.snapshot(), tasks, nowMs, sparePart: 0.5 }
  const out = new PlayOut({ ...options, roomless: new Set() })
  const { late, lateWeight, riskMs, weightedMs } = out.play({ order: [0], atMost: [0] })
  // 4 of the 22 ms that should be to spare are.
  expect({ late, lateWeight }).toEqual({ late: [0], lateWeight: 0 })
  expect(riskMs).toBeCloseTo((44 * 18) / 22, 9)
  expect(weightedMs).toBeCloseTo(40 + riskMs, 9)
})
