// The host of a simulated device: what it does takes time on the lanes' cores.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { type MachineProfile, machines } from "../../src/cost/MachineProfile.ts"
import { SharedTime } from "../../src/device/sim/SharedTime.ts"
import type { HostProfile } from "../../src/model/HostProfile.ts"
import type { RunReport } from "../../src/model/RunReport.ts"
import { inVirtualTime } from "../../src/runtime/inVirtualTime.ts"
import { openSimulation } from "../../src/runtime/simulation.ts"
import { randomModel } from "../support/sources.ts"

const idle: HostProfile = {
  cores: 2,
  warmUpMs: 0,
  takeInMs: 0,
  planOpMs: 0,
  orderMs: 0,
  uploadMs: 0,
  makeMs: 0,
  helpers: 1,
}

/** Uploads take no time, and lanes do not slow each other. */
const bare: MachineProfile = {
  ...machines["cpu-2"],
  lane: { ...machines["cpu-2"].lane, interference: { kind: "fitted", memory: 0, core: 0 } },
  hostBytesPerSecond: 1e15,
  taskOverheadMs: 0,
}

const withHost = (host: Partial<HostProfile>, dispatchMs = 0): MachineProfile => ({
  ...bare,
  lane: { ...bare.lane, dispatchMs },
  host: { ...idle, ...host },
})

interface Tasks {
  readonly count: number
  /** Of so many networks in turn; default: one. */
  readonly networks?: number
  readonly architecture?: "GIN" | "GCN"
  /** Default: all at once. */
  readonly everyMs?: number
  /** Asked for an estimate before. */
  readonly estimated?: boolean
}

const run = (
  machine: MachineProfile,
  { architecture = "GIN", count, estimated = false, everyMs = 0, networks = 1 }: Tasks,
): Promise<RunReport> =>
  Effect.gen(function* () {
    const options = { machine, jitter: 0, policy: "base", memoryBytes: 2 ** 30 } as const
    const service = yield* openSimulation(options)
    const graph = yield* service.loadGraph({ kind: "preset", preset: "cora", seed: 1, scale: 1 })
    for (let i = 0; i < count; i++) {
      if (i > 0 && everyMs > 0) yield* Effect.sleep(everyMs)
      const source = randomModel({ architecture, width: 1433, seed: i % networks })
      const model = yield* service.loadModel(source)
      if (estimated) yield* service.estimate(graph.id, model.id, null)
      const common = { tenant: "a", nodes: null, deadlineMs: null, priority: 0, share: false }
      yield* service.submit({ id: `t${i}`, graph: graph.id, model: model.id, ...common })
    }
    yield* service.drain
    return yield* service.report
  }).pipe(Effect.scoped, inVirtualTime, Effect.runPromise)

const readyTimes = ({ tasks }: RunReport): ReadonlyArray<number> =>
  tasks.map(({ readyAtMs }) => readyAtMs!)

const laneMs = ({ tasks }: RunReport, index: number): number =>
  tasks[index]!.runs[0]!.endedAtMs! - tasks[index]!.runs[0]!.loadedAtMs!

describe("the host of a simulated device", () => {
  it("takes tasks in on the runtime's one thread, those that wait for it together", async () => {
    const [first, second, third] = readyTimes(
      await run(withHost({ takeInMs: 5 }), { count: 3, everyMs: 1 }),
    )
    expect(first).toBeCloseTo(5, 6)
    // A lane runs the first one meanwhile: two threads, two cores.
    expect(second).toBeCloseTo(15, 6)
    expect(third).toBeCloseTo(15, 6)
    const burst = readyTimes(await run(withHost({ takeInMs: 5 }), { count: 2 }))
    for (const at of burst) expect(at).toBeCloseTo(10, 5)
    expect(readyTimes(await run(bare, { count: 2 }))).toEqual([0, 0])
  })

  it("decides on a burst when all of it is there", async () => {
    const { decisions } = await run(withHost({ takeInMs: 1 }), { count: 4 })
    expect(decisions[0]!.waiting).toBe(4)
  })

  it("takes a batch in all the same where the task that came first is cancelled before its turn", async () => {
    const ready = await Effect.gen(function* () {
      const machine = withHost({ takeInMs: 5 })
      const service = yield* openSimulation({ machine, jitter: 0, policy: "base" })
      const graph = yield* service.loadGraph({ kind: "preset", preset: "cora", seed: 1, scale: 1 })
      const model = yield* service.loadModel(
        randomModel({ architecture: "GIN", width: 1433, seed: 1 }),
      )
      const common = { tenant: "a", nodes: null, deadlineMs: null, priority: 0, share: false }
      const submit = (id: string) =>
        service.submit({ id, graph: graph.id, model: model.id, ...common })
      yield* submit("busy")
      yield* Effect.sleep(1)
      const gone = yield* submit("gone")
      yield* submit("stays")
      yield* Effect.sleep(1)
      yield* gone.cancel
      yield* Effect.sleep(1)
      yield* submit("later")
      yield* service.drain
      return yield* service.report
    }).pipe(Effect.scoped, inVirtualTime, Effect.runPromise)
    const statuses = Object.fromEntries(ready.tasks.map(({ id, status }) => [id, status]))
    const completed = { busy: "completed", stays: "completed", later: "completed" }
    expect(statuses).toEqual({ ...completed, gone: "cancelled" })
    const readyAtMs = new Map(ready.tasks.map((task) => [task.id, task.readyAtMs!]))
    expect(readyAtMs.get("busy")).toBeCloseTo(5, 5)
    for (const id of ["stays", "later"]) expect(readyAtMs.get(id)).toBeCloseTo(20, 5)
  })

  it("warms up once, before the first task", async () => {
    const machine = withHost({ warmUpMs: 30, takeInMs: 5 })
    const [first, second] = readyTimes(await run(machine, { count: 2, everyMs: 1 }))
    expect(first).toBeCloseTo(35, 6)
    expect(second).toBeCloseTo(40, 6)
  })

  it("makes an object once, for all that need it, and nothing that was asked for before", async () => {
    const machine = withHost({ makeMs: 50, orderMs: 1 })
    const gcn = { architecture: "GCN", count: 3 } as const
    const twins = readyTimes(await run(machine, gcn))
    expect(twins[0]).toBeGreaterThan(50.99)
    for (const ready of twins) expect(ready).toBeCloseTo(twins[0]!, 6)
    // Weights are there since their network was loaded, and the rest is the graph's.
    expect(readyTimes(await run(machine, { ...gcn, networks: 3 }))).toEqual(twins)
    expect(readyTimes(await run(machine, { ...gcn, estimated: true }))).toEqual([0, 0, 0])
  })

  it("holds the lane while a plan is on its way, and predictions say so", async () => {
    const plain = await run(withHost({}), { count: 1 })
    const held = await run(withHost({}, 8), { count: 1 })
    expect(laneMs(held, 0) - laneMs(plain, 0)).toBeCloseTo(8, 6)
    expect(held.tasks[0]!.predictedMs! - plain.tasks[0]!.predictedMs!).toBeCloseTo(8, 6)
  })

  it("slows the lanes once threads outnumber cores", async () => {
    // The first runs while the second is taken in, on a thread with three helpers.
    const two = { count: 2, everyMs: 1 }
    const calm = await run(withHost({ takeInMs: 50, helpers: 1 }), two)
    const crowded = await run(withHost({ takeInMs: 50, helpers: 3 }), two)
    expect(laneMs(calm, 0)).toBeCloseTo(laneMs(await run(bare, { count: 1 }), 0), 6)
    expect(laneMs(crowded, 0) / laneMs(calm, 0)).toBeCloseTo(2, 6)
  })

  it("spends time on every object that is brought to the device", async () => {
    const loadMs = ({ tasks }: RunReport) => tasks[0]!.runs[0]!.loadedAtMs! - tasks[0]!.startedAtMs!
    const report = await run(withHost({ uploadMs: 2 }), { count: 1 })
    const uploads = report.memory.filter(
      ({ change, kind }) => kind === "resident" && change === "grant",
    )
    expect(uploads.length).toBeGreaterThan(2)
    expect(loadMs(report)).toBeCloseTo(2 * uploads.length, 3)
  })

  it("plans are charged by operators where a task needs smaller ones", async () => {
    const machine = { ...withHost({ planOpMs: 0.1, takeInMs: 1e-3 }), budgetBytes: 16 * 2 ** 20 }
    const small = (memoryBytes: number) =>
      Effect.gen(function* () {
        const service = yield* openSimulation({ machine, jitter: 0, policy: "base", memoryBytes })
        const graph = yield* service.loadGraph({
          kind: "preset",
          preset: "artist",
          seed: 1,
          scale: 0.05,
        })
        const model = yield* service.loadModel(
          randomModel({ architecture: "GCN", width: 100, hidden: 128, seed: 1 }),
        )
        const common = { tenant: "a", nodes: null, deadlineMs: null, priority: 0, share: false }
        for (const id of ["first", "again"]) {
          yield* service.submit({ id, graph: graph.id, model: model.id, ...common })
        }
        yield* service.drain
        return yield* service.report
      }).pipe(Effect.scoped, inVirtualTime, Effect.runPromise)
    // Nobody asks for them as long as the whole plan fits the device.
    expect(Math.max(...readyTimes(await small(16 * 2 ** 20)))).toBeLessThan(0.01)
    const [first, again] = readyTimes(await small(2 * 2 ** 20))
    expect(first).toBeGreaterThan(1)
    // The plans are there: it is taken in beside the first.
    expect(again! - first!).toBeCloseTo(0, 6)
  })

  it("shares time with runs by the same rule", () => {
    const ended: Array<string> = []
    const crowd = new SharedTime((demands) =>
      demands.map(() =>
        Math.max(
          1,
          demands.reduce((sum, { compute }) => sum + compute, 0),
        ),
      ),
    )
    const entry = (name: string) => ({
      demand: { bandwidth: 0, compute: 0.5 },
      onEnd: () => void ended.push(name),
    })
    for (const name of ["lane 0", "lane 1", "runtime"]) crowd.add(entry(name), 10)
    expect(crowd.nextEndMs()).toBeCloseTo(15, 9)
    crowd.advance(15)
    expect(ended).toEqual(["lane 0", "lane 1", "runtime"])
  })
})
