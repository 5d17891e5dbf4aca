// Shared work on a simulated machine, where graphs are known by their shapes alone.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { machines } from "../../src/cost/MachineProfile.ts"
import type { RunReport } from "../../src/model/RunReport.ts"
import { inVirtualTime } from "../../src/runtime/inVirtualTime.ts"
import { openSimulation } from "../../src/runtime/simulation.ts"
import { randomGraph, randomModel } from "../support/sources.ts"
import { type Bench, simulate as simulateBench } from "./longAndShort.ts"

const width = 16

/** All at once: the same 20 times, 30 small graphs, and 10 times a few nodes. */
const simulate = (shareWork: boolean): Promise<RunReport> =>
  Effect.gen(function* () {
    const options = { machine: machines["cpu-2"], jitter: 0, lanes: 1, shareWork }
    const service = yield* openSimulation(options)
    const model = yield* service.loadModel(randomModel({ architecture: "GCN", width, seed: 1 }))
    const sizes = [60_000, ...Array.from({ length: 30 }, (_, i) => 10 + i)]
    const graphs = yield* Effect.forEach(sizes, (nodes, seed) =>
      service.loadGraph(randomGraph({ nodes, edges: 2 * nodes, width, seed })),
    )
    const submit = (id: string, graph: number, nodes: ReadonlyArray<number> | null = null) =>
      service.submit({
        id,
        tenant: "a",
        graph: graphs[graph]!.id,
        model: model.id,
        nodes,
        deadlineMs: null,
        priority: 0,
      })
    for (let i = 0; i < 20; i++) yield* submit(`same/${i}`, 0)
    for (let i = 1; i <= 30; i++) yield* submit(`small/${i}`, i)
    for (let i = 0; i < 10; i++) yield* submit(`nodes/${i}`, 0, [i])
    yield* service.drain
    return yield* service.report
  }).pipe(Effect.scoped, inVirtualTime, Effect.runPromise)

const endMs = ({ tasks }: RunReport) => Math.max(...tasks.map((task) => task.finishedAtMs!))

describe("shared work in a simulation", () => {
  it("is off unless asked for, and then ends everything far sooner", async () => {
    const [apart, shared] = [await simulate(false), await simulate(true)]
    expect(apart.tasks.every(({ sharedWith }) => sharedWith === null)).toBe(true)
    const runs = shared.tasks.filter(({ runs }) => runs.length > 0).length
    expect(runs).toBeLessThan(8)
    expect(endMs(shared)).toBeLessThan(endMs(apart) / 5)
    for (const { measuredPeakBytes, predictedPeakBytes, status } of shared.tasks) {
      expect(status).toBe("completed")
      expect(measuredPeakBytes).toBe(predictedPeakBytes)
    }
  })

  it("is the same from the same seed", async () => {
    const [first, second] = [await simulate(true), await simulate(true)]
    expect(second.tasks).toEqual(first.tasks)
  })
})

describe("a run that answers several tasks", () => {
  /** Two long tasks for the same, then a short one whose target is a sixth of their length. */
  const urgentComes = ({ submit }: Bench) =>
    Effect.gen(function* () {
      yield* submit("long", "first")
      yield* Effect.sleep(1)
      yield* submit("long", "a")
      yield* submit("long", "b")
      yield* Effect.sleep(3000)
      yield* submit("short", "urgent", { deadlineMs: 400 })
    })

  it("does not give its lane away, as a run for one task does", async () => {
    const runsOf = async (shareWork: boolean) => {
      const report = await simulateBench({ lanes: 1, shareWork }, urgentComes)
      expect(report.tasks.every(({ status }) => status === "completed")).toBe(true)
      return report.tasks.map(({ runs }) => runs.length).toSorted()
    }
    expect(await runsOf(false)).toEqual([1, 1, 1, 2])
    expect(await runsOf(true)).toEqual([0, 1, 1, 1])
  })
})
