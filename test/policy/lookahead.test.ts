// What a decision has read stays read: the list is at every moment what reading anew would give.
import { expect, it } from "vitest"
import type { WaitingTask } from "../../src/model/Snapshot.ts"
import { choiceOf, firstOf, Lookahead, lookahead } from "../../src/policy/Lookahead.ts"
import { byAgedTime } from "../../src/policy/sjf.ts"
import { TenantShares } from "../../src/policy/TenantShares.ts"
import { WaitingQueue } from "../../src/policy/WaitingQueue.ts"
import { testRandom } from "../support/random.ts"
import { tasksOf } from "./world.ts"

/** Tenant `b` has had more than its share. */
const sharesOfTwo = (): TenantShares => {
  const byService = [
    { tenant: "a", weight: 1, attainedMs: 0 },
    { tenant: "b", weight: 1, attainedMs: 1000 },
  ]
  const tenants = new Map(byService.map((share) => [share.tenant, share]))
  return new TenantShares({ byService, tenants })
}

const upTo = (at: Lookahead["at"], count: number): ReadonlyArray<WaitingTask> => {
  const read: Array<WaitingTask> = []
  for (let place = 0; place < count; place++) {
    const task = at(place)
    if (task === undefined) break
    read.push(task)
  }
  return read
}

it("a lookahead is what reading anew gives, whatever is taken, with tasks that ask for the same", () => {
  const shares = sharesOfTwo()
  for (let seed = 0; seed < 200; seed++) {
    const random = testRandom(seed)
    const alike = seed % 3 === 0 ? 0 : seed % 3 === 1 ? 20 : 400
    const inputs = Array.from({ length: 10 + random.int(700) }, () => ({
      arenaBytes: 64,
      predictedMs: 1 + random.int(50),
      tenant: random.int(2) === 0 ? "a" : "b",
    }))
    const tasks = tasksOf(inputs).map((task) =>
      random.int(500) < alike ? { ...task, workKey: `same-${random.int(5)}` } : task,
    )
    const order = WaitingQueue.of(tasks).ordered(byAgedTime)
    const taken = new Set<string>()
    const ahead = new Lookahead(order, { taken, shares })
    for (let turn = 0; turn < 40; turn++) {
      const first = firstOf(order, taken)
      const within = first.filter(({ tenant }) => tenant === "a")
      const count = 1 + random.int(2 * lookahead)
      const which = `seed ${seed}, turn ${turn}`
      expect(
        upTo((place) => ahead.withinAt(place), count),
        which,
      ).toEqual(within.slice(0, count))
      expect(
        upTo((place) => ahead.at(place), count),
        which,
      ).toEqual(first.slice(0, count))
      if (first.length === 0) break
      for (let i = random.int(3); i >= 0; i--) {
        const chosen = first[random.int(first.length)]!
        taken.add(choiceOf(chosen))
        ahead.forget({ ...chosen })
      }
    }
  }
})

it("a lookahead reads no further than it is asked", () => {
  const tasks = tasksOf(Array.from({ length: 100 }, () => ({ arenaBytes: 64 })))
  let read = 0
  const sorted = WaitingQueue.of(tasks).ordered(byAgedTime)
  const reader = () => ({ read: () => tasks[read++] })
  const order = { ...sorted, [Symbol.iterator]: () => sorted[Symbol.iterator](), reader }
  const taken = new Set<string>()
  const ahead = new Lookahead(order, { taken, shares: sharesOfTwo() })
  expect(ahead.at(2)).toBe(tasks[2])
  expect(read).toBe(3)
  taken.add(choiceOf(tasks[0]!))
  ahead.forget(tasks[0]!)
  expect(ahead.at(2)).toBe(tasks[3])
  expect(read).toBe(4)
})
