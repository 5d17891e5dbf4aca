// The runtime on the simulated device: exact memory, the stated times, fair shares, faults, and the
// same report for the same seed.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { idleCreditMs } from "../../src/actors/TenantService.ts"
import { type MachineProfile, machines } from "../../src/cost/MachineProfile.ts"
import type { Fault } from "../../src/model/FaultPlan.ts"
import type { RunReport } from "../../src/model/RunReport.ts"
import type { TaskSpec } from "../../src/model/Task.ts"
import type { GnnSchedService } from "../../src/runtime/GnnSched.ts"
import { inVirtualTime } from "../../src/runtime/inVirtualTime.ts"
import { openSimulation, type SimulationOptions } from "../../src/runtime/simulation.ts"
import { randomModel } from "../support/sources.ts"

/** Round figures, so that what is expected can be said: a roofline, and no time around a run. */
const machine: MachineProfile = {
  ...machines["cpu-2"],
  lane: {
    name: "round",
    flopsPerSecond: 60e9,
    bytesPerSecond: 12e9,
    gatherBytesPerSecond: 10e9,
    opOverheadMs: 0.002,
  },
  taskOverheadMs: 0,
}
/** Lanes that never get in each other's way. */
const wide: MachineProfile = { ...machine, bytesPerSecond: 1e15, hostBytesPerSecond: 1e15 }

interface Bench {
  readonly service: GnnSchedService
  readonly submit: (id: string, spec?: Partial<TaskSpec>) => Effect.Effect<void>
}

const simulate = (
  options: Partial<SimulationOptions>,
  program: (bench: Bench) => Effect.Effect<unknown>,
): Promise<RunReport> =>
  Effect.gen(function* () {
    const service = yield* openSimulation({ machine: wide, jitter: 0, ...options })
    const graph = yield* service.loadGraph({ kind: "preset", preset: "cora", seed: 1, scale: 1 })
    const model = yield* service.loadModel(
      randomModel({ architecture: "GCN", width: 1433, seed: 1 }),
    )
    const submit: Bench["submit"] = (id, spec = {}) =>
      Effect.orDie(
        service.submit({
          id,
          tenant: "a",
          graph: graph.id,
          model: model.id,
          nodes: null,
          deadlineMs: null,
          priority: 0,
          ...spec,
        }),
      )
    yield* program({ service, submit })
    yield* service.drain
    return yield* service.report
  }).pipe(Effect.scoped, inVirtualTime, Effect.runPromise)

const submitMany = ({ submit }: Bench, count: number, spec: Partial<TaskSpec> = {}) =>
  Effect.forEach(Array.from({ length: count }).keys(), (i) => submit(`${spec.tenant}${i}`, spec))

describe("a simulation", () => {
  it("takes the predicted time and measures the predicted bytes", async () => {
    const report = await simulate({ lanes: 1 }, (bench) => submitMany(bench, 5))
    for (const task of report.tasks) {
      expect(task.status).toBe("completed")
      expect(task.finishedAtMs! - task.startedAtMs!).toBeCloseTo(task.predictedMs!, 4)
      expect(task.measuredPeakBytes).toBe(task.predictedPeakBytes)
      expect(task.ops.at(-1)!.endMs).toBeCloseTo(task.finishedAtMs!, 4)
    }
    expect(report.device).toMatchObject({ kind: "sim", lanes: 1 })
    expect(report.device.peakBytes).toBe(report.tasks[0]!.predictedPeakBytes)
  })

  it("takes the time of an upload once, over the host link", async () => {
    const slowLink = { ...wide, hostBytesPerSecond: 1e6 }
    const report = await simulate({ machine: slowLink, lanes: 1 }, (b) => submitMany(b, 2))
    const [first, second] = report.tasks.map((task) => task.finishedAtMs! - task.startedAtMs!)
    const { predictedMs, residentBytes } = report.tasks[0]!
    expect(first).toBeCloseTo(predictedMs! + residentBytes! / 1e3, 3)
    expect(second).toBeCloseTo(predictedMs!, 3)
  })

  it("slows co-located tasks that together ask for more than the bandwidth", async () => {
    const narrow = { ...wide, bytesPerSecond: 1 }
    const report = await simulate({ machine: narrow, lanes: 4, policy: "base" }, (b) =>
      submitMany(b, 4),
    )
    for (const task of report.tasks) {
      expect(task.finishedAtMs! - task.startedAtMs!).toBeCloseTo(4 * task.predictedMs!, 3)
    }
  })

  it("gives the same report for the same seed and another for another", async () => {
    const options = { machine, jitter: 0.1, policy: "sjf" } as const
    const program = (bench: Bench) => submitMany(bench, 50)
    const [first, again, other] = await Promise.all([
      simulate({ ...options, seed: 1 }, program),
      simulate({ ...options, seed: 1 }, program),
      simulate({ ...options, seed: 2 }, program),
    ])
    expect(JSON.stringify(again)).toBe(JSON.stringify(first))
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(first))
  })

  it("runs a task larger than the machine by a smaller plan, in its bytes and its time", async () => {
    const wider = randomModel({ architecture: "GCN", width: 1433, hidden: 128, seed: 1 })
    const two = (bench: Bench) =>
      Effect.flatMap(Effect.orDie(bench.service.loadModel(wider)), (model) =>
        submitMany(bench, 2, { model: model.id }),
      )
    const [whole] = (await simulate({ lanes: 1 }, two)).tasks
    const memoryBytes = Math.floor(whole!.predictedPeakBytes! * 0.7)
    const report = await simulate({ lanes: 1, memoryBytes }, two)
    for (const task of report.tasks) {
      expect(task.status).toBe("completed")
      expect(task.plan).toMatch(/^(tiles|spilled)/)
      expect(task.measuredPeakBytes).toBe(task.predictedPeakBytes)
      expect(task.measuredPeakBytes).toBeLessThanOrEqual(memoryBytes)
      expect(task.predictedMs).toBeGreaterThan(whole!.predictedMs!)
      expect(task.finishedAtMs! - task.startedAtMs!).toBeCloseTo(task.predictedMs!, 4)
    }
  })

  it("refuses a task that the machine can never hold, with both numbers", async () => {
    const report = await simulate({ memoryBytes: 4096 }, (bench) => submitMany(bench, 1))
    const [task] = report.tasks
    expect(task).toMatchObject({ status: "rejected", reason: { _tag: "TooLarge" } })
  })

  it("injects the faults of a plan as any device does", async () => {
    const common = { times: 1, probability: 1 }
    const faults: ReadonlyArray<Fault> = [
      { ...common, kind: "op", task: "a1", op: 1, transient: false },
      { ...common, kind: "delay", task: "a2", op: 0, delayMs: 500 },
      { ...common, kind: "prep-hang", task: "a3", transient: false },
      { ...common, kind: "lane", task: "a4", op: 0 },
    ]
    const report = await simulate({ faults: { seed: 1, faults } }, (b) =>
      submitMany(b, 6, { tenant: "a" }),
    )
    const byId = new Map(report.tasks.map((task) => [task.id, task]))
    const ends = [...byId].toSorted(([a], [b]) => (a < b ? -1 : 1))
    expect(ends.map(([, { status }]) => status)).toEqual([
      "completed",
      "failed",
      "completed",
      "failed",
      "completed",
      "completed",
    ])
    const delayed = byId.get("a2")!
    expect(delayed.finishedAtMs! - delayed.startedAtMs!).toBeCloseTo(500 + delayed.predictedMs!, 3)
    expect(byId.get("a3")!.reason).toMatchObject({ _tag: "PrepTimeout" })
    expect(byId.get("a4")!.attempts).toBe(2)
  })

  it("ends a cancelled run at the end of the operator it is in", async () => {
    const report = await simulate({ lanes: 1 }, ({ service }) =>
      Effect.orDie(
        Effect.gen(function* () {
          const graph = yield* service.loadGraph({
            kind: "preset",
            preset: "pubmed",
            seed: 1,
            scale: 1,
          })
          const model = yield* service.loadModel(
            randomModel({ architecture: "GCN", width: 500, seed: 1 }),
          )
          const plan = yield* service.estimate(graph.id, model.id, null)
          const task = yield* service.submit({
            id: "t",
            tenant: "a",
            graph: graph.id,
            model: model.id,
            nodes: null,
            deadlineMs: null,
            priority: 0,
          })
          yield* Effect.sleep(plan.costs[0]!.predictedMs / 2)
          yield* task.cancel
        }),
      ),
    )
    const [task] = report.tasks
    expect(task!.status).toBe("cancelled")
    const ranMs = task!.finishedAtMs! - task!.startedAtMs!
    expect(ranMs).toBeGreaterThan(0)
    expect(ranMs).toBeLessThan(task!.predictedMs!)
    expect(report.memory.at(-1)).toMatchObject({ kind: "arena", change: "release" })
  })
})

/** Device time of the tenants' runs that ended by `untilMs`. */
const servedMs = (report: RunReport, tenant: string, untilMs: number): number =>
  report.tasks
    .filter((task) => task.tenant === tenant && task.finishedAtMs! <= untilMs)
    .reduce((sum, task) => sum + task.finishedAtMs! - task.startedAtMs!, 0)

describe("fair shares in virtual time", () => {
  const tenants = [
    { id: "gold", weight: 2 },
    { id: "iron", weight: 1 },
  ]

  it.each([1, 2, 3])(
    "two saturating tenants of weights 2:1 get device time 2:1, %s lanes",
    async (lanes) => {
      const report = await simulate(
        { policy: "fair", tenants, lanes, machine, jitter: 0.2 },
        (bench) =>
          Effect.gen(function* () {
            // iron floods the queue first
            yield* submitMany(bench, 600, { tenant: "iron" })
            yield* submitMany(bench, 600, { tenant: "gold" })
          }),
      )
      const goldEndsMs = Math.max(
        ...report.tasks.filter(({ tenant }) => tenant === "gold").map((task) => task.finishedAtMs!),
      )
      const ratio = servedMs(report, "gold", goldEndsMs) / servedMs(report, "iron", goldEndsMs)
      expect(ratio).toBeGreaterThan(2 * 0.95)
      expect(ratio).toBeLessThan(2 * 1.05)
    },
  )

  it("a tenant that comes late to a busy device gets a little credit, then its share, and no more", async () => {
    const report = await simulate({ policy: "fair", tenants, lanes: 1 }, (bench) =>
      Effect.gen(function* () {
        yield* submitMany(bench, 1200, { tenant: "iron" })
        yield* Effect.sleep(100)
        yield* submitMany(bench, 800, { tenant: "gold" })
      }),
    )
    const gold = report.tasks.filter(({ tenant }) => tenant === "gold")
    const creditMs = 2 * idleCreditMs
    const ends = gold.map(({ finishedAtMs }) => finishedAtMs!).sort((a, b) => a - b)
    const from = ends.find((end) => servedMs(report, "gold", end) >= creditMs)!
    const to = ends.at(-1)!
    const meanwhile = (tenant: string) =>
      servedMs(report, tenant, to) - servedMs(report, tenant, from)
    expect(meanwhile("gold") / meanwhile("iron")).toBeGreaterThan(2 * 0.95)
    expect(meanwhile("gold") / meanwhile("iron")).toBeLessThan(2 * 1.05)
    // The credit is spent at once.
    const [comes] = gold.map(({ submittedAtMs }) => submittedAtMs)
    expect(servedMs(report, "iron", from) - servedMs(report, "iron", comes!)).toBeLessThan(
      0.1 * creditMs,
    )
  })
})
