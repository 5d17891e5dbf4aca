// How a loaded workload meets a runtime: once all is ready, and what is due at once at once.
import { Effect } from "effect"
import { expect, it, vi } from "vitest"
import { loadWorkload } from "../../src/cli/loadWorkload.ts"
import { silentProgress } from "../../src/cli/progress.ts"
import { loaderOf, runLoaded } from "../../src/cli/runWorkload.ts"
import type { Workload, WorkloadTask } from "../../src/cli/workload/Workload.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import { randomModel } from "../support/sources.ts"

const taskAt = (atMs: number, entry: number): WorkloadTask => ({
  ...{ id: `t${entry}`, tenant: "a", graph: "g", model: "m", nodes: null, priority: 0 },
  ...{ deadlineMs: null, atMs, entry, place: `tasks[${entry}]` },
})

it("a workload is handed over when the runtime is ready, and what is due at once at once", async () => {
  const workload: Workload = {
    file: "w.yaml",
    graphs: new Map([["g", { kind: "preset", preset: "cora", seed: 1, scale: 0.05 }]]),
    models: new Map([["m", randomModel({ architecture: "GCN", width: 1433, seed: 1 })]]),
    tenants: [{ id: "a", weight: 1 }],
    tasks: [0, 0, 0, 60, 60].map(taskAt),
  }
  await using runtime = await Runtime.open({ device: "reference", lanes: 2, inProcess: true })
  const calls: Array<string> = []
  const { ready, submitAll } = runtime
  vi.spyOn(runtime, "ready").mockImplementation(async () => {
    await ready.call(runtime)
    calls.push("ready")
  })
  vi.spyOn(runtime, "submitAll").mockImplementation((inputs) => {
    calls.push(inputs.map(({ id }) => id).join())
    return submitAll.call(runtime, inputs)
  })
  const report = await Effect.runPromise(
    Effect.gen(function* () {
      const loaded = yield* loadWorkload(loaderOf(runtime), workload, silentProgress)
      return yield* runLoaded(runtime, loaded, null, silentProgress)
    }),
  )
  expect(calls).toEqual(["ready", "t0,t1,t2", "t3,t4"])
  expect(report.tasks.map(({ status }) => status)).toEqual(Array(5).fill("completed"))
})
