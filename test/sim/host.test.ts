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

/** `count` tasks of one network at once, or each of a network of its own. */
const run = (machine: MachineProfile, count: number, networks = 1): Promise<RunReport> =>
  Effect.gen(function* () {
    const options = { machine, jitter: 0, policy: "base", memoryBytes: 2 ** 30 } as const
    const service = yield* openSimulation(options)
    const graph = yield* service.loadGraph({ kind: "preset", preset: "cora", seed: 1, scale: 1 })
    for (let i = 0; i < count; i++) {
      const source = randomModel({ architecture: "GIN", width: 1433, seed: i % networks })
      const model = yield* service.loadModel(source)
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
  it("takes tasks in one after another, on the runtime's one thread", async () => {
    const [first, second] = readyTimes(await run(withHost({ takeInMs: 5 }), 2))
    expect(first).toBeCloseTo(5, 6)
    // A lane runs the first one meanwhile: two threads, two cores.
    expect(second).toBeCloseTo(10, 6)
    expect(readyTimes(await run(bare, 2))).toEqual([0, 0])
  })

  it("warms up once, before the first task", async () => {
    const [first, second] = readyTimes(await run(withHost({ warmUpMs: 30, takeInMs: 5 }), 2))
    expect(first).toBeCloseTo(35, 6)
    expect(second).toBeCloseTo(40, 6)
  })

  it("makes an object once, for all that need it", async () => {
    const twins = readyTimes(await run(withHost({ makeMs: 50, orderMs: 1 }), 3))
    for (const ready of twins) expect(ready).toBeCloseTo(51, 6)
    const others = readyTimes(await run(withHost({ makeMs: 50, orderMs: 1 }), 2, 2))
    expect(others[1]! - others[0]!).toBeGreaterThan(49)
  })

  it("holds the lane while a plan is on its way, and predictions say so", async () => {
    const plain = await run(withHost({}), 1)
    const held = await run(withHost({}, 8), 1)
    expect(laneMs(held, 0) - laneMs(plain, 0)).toBeCloseTo(8, 6)
    expect(held.tasks[0]!.predictedMs! - plain.tasks[0]!.predictedMs!).toBeCloseTo(8, 6)
  })

  it("slows the lanes once threads outnumber cores", async () => {
    // The first runs while the second is taken in, on a thread with three helpers.
    const calm = await run(withHost({ takeInMs: 50, helpers: 1 }), 2)
    const crowded = await run(withHost({ takeInMs: 50, helpers: 3 }), 2)
    expect(laneMs(calm, 0)).toBeCloseTo(laneMs(await run(bare, 1), 0), 6)
    expect(laneMs(crowded, 0) / laneMs(calm, 0)).toBeCloseTo(2, 6)
  })

  it("spends time on every object that is brought to the device", async () => {
    const loadMs = ({ tasks }: RunReport) => tasks[0]!.runs[0]!.loadedAtMs! - tasks[0]!.startedAtMs!
    const report = await run(withHost({ uploadMs: 2 }), 1)
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
    // The plans are there; it waited behind the first.
    expect(again! - first!).toBeCloseTo(1e-3, 4)
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
