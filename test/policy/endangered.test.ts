// Whose target another task would cost: what the short cuts say is what the rule says, looked up in full.
import { expect, it } from "vitest"
import { shares } from "../../src/model/Interference.ts"
import { type Due, endangeredBy } from "../../src/policy/endangered.ts"
import { type Busy, LaneLine } from "../../src/policy/LaneLine.ts"
import { sparePart } from "../../src/policy/patience.ts"
import { TenantShares } from "../../src/policy/TenantShares.ts"
import { testRandom } from "../support/random.ts"
import { tasksOf } from "./world.ts"

const weights = [1, 2, 4]
const byService = weights.map((weight, at) => ({ tenant: `t${at}`, weight, attainedMs: 0 }))
const tenants = new Map(byService.map((share) => [share.tenant, share]))
const tenantShares = new TenantShares({ byService, tenants })

/** Moore's rule first, then `first` before those that are left. */
const inFull = (first: Due, due: ReadonlyArray<Due>, line: LaneLine) => {
  const kept: Array<Due> = []
  for (const task of due) {
    kept.push(task)
    if (line.endsOf(kept).at(-1)! <= task.dueAtMs) continue
    const dearness = kept.map((each) => each.runMs / tenantShares.weightOf(each.task.tenant))
    kept.splice(dearness.indexOf(Math.max(...dearness)), 1)
  }
  const others = kept.filter(({ task }) => task !== first.task)
  const ends = line.endsOf([first, ...others])
  const isLate = ({ dueAtMs, task }: Due, at: number) =>
    ends[at + 1]! > dueAtMs - sparePart * task.qosTargetMs!
  return others.some(isLate) ? kept[0]!.task : null
}

const seed = 20261126
it(`names whose target is lost behind another task, 20,000 queues, seed ${seed}`, () => {
  const random = testRandom(seed)
  let endangered = 0
  for (let queue = 0; queue < 20_000; queue++) {
    const demand = { bandwidth: random.next(), compute: random.next() }
    const inputs = Array.from({ length: 1 + random.int(9) }, () => ({
      arenaBytes: 64,
      predictedMs: 1 + random.int(40),
      qosTargetMs: 40 + random.int(160),
      tenant: `t${random.int(weights.length)}`,
    }))
    const all = tasksOf(inputs).map((task): Due => {
      const dueAtMs = task.submittedAtMs + task.qosTargetMs!
      return { task, dueAtMs, demand, runMs: task.predictedMs }
    })
    const first = all[random.int(all.length)]!
    const isDue = (each: Due) => each !== first || random.int(2) === 0
    const due = all.filter(isDue).sort((a, b) => a.dueAtMs - b.dueAtMs)
    const running = Array.from({ length: random.int(3) }, () => ({
      startedAtMs: -random.int(20),
      runMs: 1 + random.int(60),
      demand,
    }))
    const busy: Busy = { running, nowMs: 0 }
    const concurrency = { lanes: 1 + random.int(3), interference: shares }
    const found = endangeredBy(first, due, { busy, concurrency, shares: tenantShares })
    const expected = inFull(first, due, new LaneLine([...due, first], busy, concurrency))
    expect(found?.id ?? null, `queue ${queue}`).toBe(expected?.id ?? null)
    if (found !== null) endangered++
  }
  expect(endangered).toBeGreaterThan(1000)
})
