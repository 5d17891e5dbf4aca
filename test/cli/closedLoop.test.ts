// Clients of a closed loop, simulated and run for real: the next task comes after the last has ended,
// however it ended, so no more are in flight than there are clients.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { loadWorkload } from "../../src/cli/loadWorkload.ts"
import { silentProgress } from "../../src/cli/progress.ts"
import { loaderOf, runLoaded } from "../../src/cli/runWorkload.ts"
import { simulateWorkload } from "../../src/cli/simulate/simulateWorkload.ts"
import { comingOf } from "../../src/cli/workload/kindSource.ts"
import type { Workload, WorkloadTask } from "../../src/cli/workload/Workload.ts"
import { machines } from "../../src/cost/MachineProfile.ts"
import type { RunReport } from "../../src/model/RunReport.ts"
import { Random } from "../../src/prep/random.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import { randomModel } from "../support/sources.ts"

const clients = 3

/** Three clients, and one task by the clock that lies in their way. */
const workloadOf = (count: number, thinkMs: number, deadlineMs: number | null): Workload => {
  const random = new Random(4, "closed loop")
  const common = { tenant: "a", graph: "g", model: "m", nodes: null, priority: 0, deadlineMs }
  const idOf = (index: number) => `k/${index}`
  const looped = comingOf({ clients, think: thinkMs, count }, random, idOf).map(
    (coming, index): WorkloadTask => ({
      ...common,
      id: idOf(index),
      entry: 0,
      place: "arrivals.map.k",
      ...coming,
    }),
  )
  const single = { ...common, id: "single", deadlineMs: null, atMs: 0, entry: 1, place: "tasks[0]" }
  return {
    file: "w.yaml",
    graphs: new Map([["g", { kind: "preset", preset: "cora", seed: 1, scale: 0.05 }]]),
    models: new Map([["m", randomModel({ architecture: "GCN", width: 1433, seed: 1 })]]),
    tenants: [{ id: "a", weight: 1 }],
    tasks: [single, ...looped],
  }
}

/** `slackMs`: virtual time is whole nanoseconds, timers are whole milliseconds. */
const checkLoop = (report: RunReport, { tasks }: Workload, slackMs: number): void => {
  expect(report.tasks).toHaveLength(tasks.length)
  const byId = new Map(report.tasks.map((task) => [task.id, task]))
  for (const { after, id } of tasks) {
    if (after === undefined) continue
    const earliestMs = byId.get(after.id)!.finishedAtMs! + after.thinkMs
    expect(byId.get(id)!.submittedAtMs).toBeGreaterThanOrEqual(earliestMs - slackMs)
  }
  const looped = report.tasks.filter(({ id }) => id !== "single")
  for (const { submittedAtMs } of looped) {
    const inFlight = looped.filter(
      (one) => one.submittedAtMs <= submittedAtMs && one.finishedAtMs! > submittedAtMs,
    )
    expect(inFlight.length).toBeLessThanOrEqual(clients)
  }
}

describe("a closed loop", () => {
  const simulate = (workload: Workload, more: object = {}) =>
    Effect.runPromise(
      simulateWorkload(
        workload,
        { machine: machines["cpu-2"], tenants: workload.tenants, ...more },
        silentProgress,
      ),
    )

  it("has no more tasks in flight than clients, and each comes when it has thought", async () => {
    const workload = workloadOf(200, 1, null)
    const report = await simulate(workload)
    expect(report.tasks.every(({ status }) => status === "completed")).toBe(true)
    checkLoop(report, workload, 1e-5)
  })

  it("goes on after a task that was refused or expired", async () => {
    const workload = workloadOf(60, 0.01, 1e-6)
    const report = await simulate(workload, { lanes: 1, lateTasks: "expire" })
    const ended = new Set(report.tasks.map(({ status }) => status))
    expect([...ended].sort()).toEqual(["completed", "expired"])
    checkLoop(report, workload, 1e-5)
  })

  it("is the same in a run for real", async () => {
    const workload = workloadOf(40, 1, null)
    await using runtime = await Runtime.open({ device: "reference", lanes: 2, inProcess: true })
    const report = await Effect.runPromise(
      Effect.gen(function* () {
        const loaded = yield* loadWorkload(loaderOf(runtime), workload, silentProgress)
        return yield* runLoaded(runtime, loaded, null, silentProgress)
      }),
    )
    expect(report.tasks.every(({ status }) => status === "completed")).toBe(true)
    checkLoop(report, workload, 2)
  })
})
