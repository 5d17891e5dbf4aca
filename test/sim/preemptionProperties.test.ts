// 1,000 seeded scenarios of long and short tasks with targets, priorities, cancellations and faults:
// nothing is lost, every byte comes back, nobody gives way more often than the bound says.
import { Effect } from "effect"
import { expect, it } from "vitest"
import type { Fault } from "../../src/model/FaultPlan.ts"
import { limits } from "../../src/model/limits.ts"
import type { RunReport } from "../../src/model/RunReport.ts"
import { isTerminal } from "../../src/model/Task.ts"
import type { SimulationOptions } from "../../src/runtime/simulation.ts"
import { testRandom } from "../support/random.ts"
import { type Bench, expectSound, machine, simulate } from "./longAndShort.ts"

const scenarios = 1000

type Random = ReturnType<typeof testRandom>

const faultsOf = (random: Random): ReadonlyArray<Fault> => {
  const target = { task: null, times: 1 + random.int(3), probability: 0.1, op: random.int(20) }
  const transient = random.int(2) === 0
  return [
    { kind: "lane", ...target },
    { kind: "op", ...target, transient },
    { kind: "delay", ...target, delayMs: random.int(300) },
    { kind: "allocation", task: null, times: 1, probability: 0.05, transient },
  ]
}

const optionsOf = (random: Random, seed: number): Partial<SimulationOptions> => ({
  seed,
  jitter: random.int(2) * 0.1,
  lanes: 1 + random.int(3),
  // Two long tasks fit beside the short ones, three do not.
  memoryBytes: (random.int(2) === 0 ? 260 : 4096) * 2 ** 20,
  elastic: random.int(3) === 0,
  policy: random.int(3) === 0 ? "priority" : "slo",
  lateTasks: random.int(2) === 0 ? "run" : "expire",
  admit: random.int(3) === 0 ? "deadline" : "all",
  machine: {
    ...machine,
    bytesPerSecond: random.int(2) === 0 ? 15e9 : 1e15,
    hostBytesPerSecond: 1e9,
  },
  ...(random.int(2) === 0 ? { faults: { seed, faults: faultsOf(random) } } : {}),
})

const scenario = (random: Random, { submit }: Bench) =>
  Effect.gen(function* () {
    const count = 4 + random.int(16)
    for (let i = 0; i < count; i++) {
      const kind = random.int(4) === 0 ? "long" : "short"
      const soloMs = kind === "long" ? 2423 : 7.2
      const deadlineMs = random.int(3) === 0 ? null : soloMs * (1 + 30 * random.next())
      const task = yield* submit(kind, `${kind}${i}`, {
        deadlineMs,
        priority: random.int(4),
        tenant: ["a", "b"][random.int(2)]!,
      })
      if (random.int(8) === 0) {
        const later = Effect.andThen(Effect.sleep(random.int(1500)), task.cancel)
        yield* Effect.forkDetach(later)
      }
      yield* Effect.sleep(random.int(3) * random.int(300))
    }
  })

const preemptionsOf = ({ tasks }: RunReport): ReadonlyArray<number> =>
  tasks.map(({ runs }) => runs.filter(({ end }) => end === "preempted").length)

it(`tasks give way and lose nothing, in ${scenarios} random scenarios`, async () => {
  let preemptions = 0
  let tasksGone = 0
  for (let seed = 1; seed <= scenarios; seed++) {
    const random = testRandom(seed)
    const options = optionsOf(random, seed)
    const report = await simulate(options, (bench) => scenario(random, bench))
    const label = `seed ${seed}`
    for (const { id, status } of report.tasks)
      expect(isTerminal(status), `${label} ${id}`).toBe(true)
    const given = preemptionsOf(report)
    expect(Math.max(...given), label).toBeLessThanOrEqual(limits.maxPreemptions)
    expectSound(report)
    preemptions += given.reduce((sum, count) => sum + count, 0)
    tasksGone += report.tasks.filter(
      ({ runs, status }) => status !== "completed" && runs.some(({ end }) => end === "preempted"),
    ).length
  }
  // The scenarios must be such that it matters.
  expect(preemptions).toBeGreaterThan(scenarios / 2)
  expect(tasksGone).toBeGreaterThan(20)
}, 240_000)
