// A simulated machine with round figures and two kinds of tasks on it: `long` runs for 2.4 s in 20
// operators of at most 177 ms, `short` for 7 ms in 4.
import { Effect } from "effect"
import { expect } from "vitest"
import { type MachineProfile, machines } from "../../src/cost/MachineProfile.ts"
import type { RunReport } from "../../src/model/RunReport.ts"
import type { TaskRecord, TaskSpec } from "../../src/model/Task.ts"
import type { EffectTask, GnnSchedService } from "../../src/runtime/GnnSched.ts"
import { inVirtualTime } from "../../src/runtime/inVirtualTime.ts"
import { openSimulation, type SimulationOptions } from "../../src/runtime/simulation.ts"
import { randomModel } from "../support/sources.ts"

/** Lanes that never get in each other's way. */
export const machine: MachineProfile = {
  ...machines["cpu-2"],
  bytesPerSecond: 1e15,
  hostBytesPerSecond: 1e15,
  lane: {
    name: "round",
    flopsPerSecond: 60e9,
    bytesPerSecond: 12e9,
    gatherBytesPerSecond: 10e9,
    opOverheadMs: 0.002,
  },
  taskOverheadMs: 0,
}

export type Kind = "long" | "short"

const kinds = {
  long: { preset: "artist", width: 100, layers: 10, hidden: 256 },
  short: { preset: "cora", width: 1433, layers: 2, hidden: 256 },
} as const

export interface Bench {
  readonly service: GnnSchedService
  readonly submit: (kind: Kind, id: string, spec?: Partial<TaskSpec>) => Effect.Effect<EffectTask>
}

/** Runs a program and all that it submitted, in virtual time. */
export const simulate = (
  options: Partial<SimulationOptions>,
  program: (bench: Bench) => Effect.Effect<unknown>,
): Promise<RunReport> =>
  Effect.gen(function* () {
    const service = yield* openSimulation({ machine, jitter: 0, ...options })
    const load = Effect.fnUntraced(function* (kind: Kind) {
      const { preset, ...shape } = kinds[kind]
      const graph = yield* service.loadGraph({ kind: "preset", preset, seed: 1, scale: 1 })
      const model = yield* service.loadModel(
        randomModel({ architecture: "GCN", seed: 1, ...shape }),
      )
      return { graph: graph.id, model: model.id }
    })
    const ids = { long: yield* load("long"), short: yield* load("short") }
    const plain = { tenant: "a", nodes: null, deadlineMs: null, priority: 0 }
    yield* program({
      service,
      submit: (kind, id, spec = {}) =>
        Effect.orDie(service.submit({ id, ...plain, ...ids[kind], ...spec })),
    })
    yield* service.drain
    return yield* service.report
  }).pipe(Effect.scoped, inVirtualTime, Effect.runPromise)

export const taskOf = ({ tasks }: RunReport, id: string): TaskRecord =>
  tasks.find((task) => task.id === id)!

/** What holds of every run, whoever gave way to whom. */
export const expectSound = (report: RunReport): void => {
  const held = new Map<string, number>()
  for (const { kind, label, change, bytes } of report.memory) {
    if (kind !== "arena") continue
    held.set(label, (held.get(label) ?? 0) + (change === "grant" ? bytes : -bytes))
  }
  expect([...held.values()].filter((bytes) => bytes !== 0)).toEqual([])
  for (const task of report.tasks) {
    const runs = task.runs.map(({ end }) => end)
    expect(runs).not.toContain("running")
    if (task.status !== "completed") continue
    expect(runs.at(-1)).toBe("completed")
    expect(task.measuredPeakBytes).toBe(task.predictedPeakBytes)
    expect(new Set(task.ops.map(({ name }) => name)).size).toBe(task.ops.length)
  }
}
