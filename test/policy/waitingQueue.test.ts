// The waiting tasks and their orders, against sorting anew after each change.
import { describe, expect, it } from "vitest"
import type { WaitingTask } from "../../src/model/Snapshot.ts"
import { byArrival, type TaskOrder } from "../../src/model/WaitingTasks.ts"
import { WaitingQueue } from "../../src/policy/WaitingQueue.ts"
import { testRandom } from "../support/random.ts"
import { tasksOf } from "./world.ts"

const byBytes: TaskOrder = { key: ({ arenaBytes }) => arenaBytes }
const byTarget: TaskOrder = { key: ({ qosTargetMs }) => qosTargetMs ?? Number.POSITIVE_INFINITY }
const targetsAlone: TaskOrder = { ...byTarget, holds: ({ qosTargetMs }) => qosTargetMs !== null }
const orders = [byArrival, byBytes, byTarget, targetsAlone]

const sorted = (tasks: Iterable<WaitingTask>, { holds = () => true, key }: TaskOrder) =>
  [...tasks]
    .filter(holds)
    .sort((a, b) => (key(a) === key(b) ? a.seq - b.seq : key(a) < key(b) ? -1 : 1))

const ids = (tasks: Iterable<WaitingTask>) => [...tasks].map(({ id }) => id)

const expectSound = (queue: WaitingQueue, tasks: ReadonlySet<WaitingTask>) => {
  expect(queue.length).toBe(tasks.size)
  expect(ids(queue)).toEqual(ids(sorted(tasks, byArrival)))
  expect(queue.footprintBytes).toBe([...tasks].reduce((sum, task) => sum + task.footprintBytes, 0))
  for (const order of orders) {
    const expected = ids(sorted(tasks, order))
    expect(ids(queue.ordered(order))).toEqual(expected)
    expect(ids(queue.ordered(order).descending())).toEqual(expected.reverse())
    expect(queue.ordered(order).length).toBe(expected.length)
    const byTenant = queue.byTenant(order)
    const holding = [...tasks].filter(order.holds ?? (() => true))
    expect(new Set(byTenant.keys())).toEqual(new Set(holding.map(({ tenant }) => tenant)))
    for (const [tenant, mine] of byTenant) {
      const own = [...tasks].filter((task) => task.tenant === tenant)
      expect(ids(mine)).toEqual(ids(sorted(own, order)))
    }
  }
}

describe("WaitingQueue", () => {
  it("keeps every order that was asked for through 4,000 random changes, ties by arrival", () => {
    const { next: random } = testRandom(20261124)
    const tasks = tasksOf(
      Array.from({ length: 2000 }, () => ({
        arenaBytes: 64 * Math.floor(random() * 40),
        qosTargetMs: random() < 0.3 ? null : Math.floor(random() * 30),
        tenant: `t${Math.floor(random() * 7)}`,
      })),
    )
    const queue = new WaitingQueue()
    const inside = new Set<WaitingTask>()
    const outside = [...tasks]
    for (let change = 0; change < 4000; change++) {
      const grows = outside.length > 0 && random() < (change < 2500 ? 0.8 : 0.3)
      if (grows) {
        const [task] = outside.splice(Math.floor(random() * outside.length), 1)
        queue.add(task!)
        inside.add(task!)
      } else if (inside.size > 0) {
        const task = [...inside][Math.floor(random() * inside.size)]!
        expect(queue.remove(task)).toBe(true)
        expect(queue.remove(task)).toBe(false)
        inside.delete(task)
        outside.push(task)
      }
      if (change % 400 === 7) expectSound(queue, inside)
    }
    for (const task of inside) queue.remove(task)
    expectSound(queue, new Set())
  })

  it("tells who is in time from who has lost, through 4,000 random changes as time goes by", () => {
    const { next: random } = testRandom(20261126)
    const queue = new WaitingQueue()
    let inside: ReadonlyArray<WaitingTask> = []
    for (let nowMs = 0; nowMs < 4000; nowMs++) {
      if (random() < 0.6) {
        const task = {
          arenaBytes: 64,
          submittedAtMs: nowMs,
          predictedMs: Math.floor(random() * 200),
          qosTargetMs: random() < 0.3 ? null : Math.floor(random() * 1000),
        }
        const [added] = tasksOf([task], nowMs)
        queue.add(added!)
        inside = [...inside, added!]
      } else if (inside.length > 0) {
        const task = inside[Math.floor(random() * inside.length)]!
        expect(queue.remove(task)).toBe(true)
        inside = inside.filter((other) => other !== task)
      }
      if (nowMs % 40 !== 7) continue
      const isInTime = ({ predictedMs, qosTargetMs, submittedAtMs }: WaitingTask) =>
        qosTargetMs === null || nowMs + predictedMs <= submittedAtMs + qosTargetMs
      expect(ids(queue.inTime(nowMs))).toEqual(ids(inside.filter(isInTime)))
      expect(ids(queue.lost(nowMs))).toEqual(ids(inside.filter((task) => !isInTime(task))))
    }
  })

  it("reads an order no further than it is asked", () => {
    let read = 0
    const counted: TaskOrder = { key: ({ seq }) => -seq }
    const queue = WaitingQueue.of(tasksOf(Array.from({ length: 5000 }, () => ({ arenaBytes: 64 }))))
    for (const task of queue.ordered(counted)) {
      expect(task.seq).toBe(4999 - read)
      if (++read === 3) break
    }
    expect(read).toBe(3)
  })
})
