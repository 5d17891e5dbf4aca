// Admission in the whole system, in virtual time: promises, quotas, and what is told who is refused.
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { machines } from "../../src/cost/MachineProfile.ts"
import type { DeadlineInfeasible, QueueFull, QuotaExceeded } from "../../src/model/errors.ts"
import type { RunReport } from "../../src/model/RunReport.ts"
import type { TaskSpec } from "../../src/model/Task.ts"
import type { ChooseTasks } from "../../src/policy/ownPolicy.ts"
import { inVirtualTime } from "../../src/runtime/inVirtualTime.ts"
import { openSimulation, type SimulationOptions } from "../../src/runtime/simulation.ts"
import { testRandom } from "../support/random.ts"
import { randomModel } from "../support/sources.ts"

interface Arrival extends Partial<TaskSpec> {
  readonly id: string
  readonly atMs: number
  /** By a network of eight layers instead of two. */
  readonly long?: boolean
}

const simulate = (
  arrivals: ReadonlyArray<Arrival>,
  options: Partial<SimulationOptions>,
): Promise<RunReport> =>
  Effect.gen(function* () {
    const machine = machines["cpu-2"]
    const service = yield* openSimulation({ machine, jitter: 0, lanes: 1, ...options })
    const graph = yield* service.loadGraph({ kind: "preset", preset: "pubmed", seed: 1, scale: 1 })
    const load = (layers: number) =>
      service.loadModel(
        randomModel({ architecture: "GCN", width: 500, hidden: 64, layers, seed: 1 }),
      )
    const model = yield* load(2)
    const longModel = yield* load(8)
    let nowMs = 0
    for (const { atMs, long = false, ...spec } of arrivals) {
      if (atMs > nowMs) yield* Effect.sleep(atMs - nowMs)
      nowMs = Math.max(nowMs, atMs)
      yield* service.submit({
        tenant: "a",
        graph: graph.id,
        model: (long ? longModel : model).id,
        nodes: null,
        deadlineMs: null,
        priority: 0,
        ...spec,
      })
    }
    yield* service.drain
    return yield* service.report
  }).pipe(Effect.scoped, inVirtualTime, Effect.runPromise)

/** The first task alone brings the graph to the device and says how long one takes. */
const warm: Arrival = { id: "warm", atMs: 0 }
const quietMs = 1000
/** Enough to know how little run times vary. */
const warmed = Array.from({ length: 40 }, (_, i) => ({ id: `warm-${i}`, atMs: 20 * i }))

const soloMs = async (): Promise<number> => {
  const second = { id: "second", atMs: quietMs }
  const report = await simulate([warm, second], {})
  const task = report.tasks.find(({ id }) => id === "second")!
  return task.finishedAtMs! - task.startedAtMs!
}

const statusOf = (report: RunReport) =>
  Object.fromEntries(report.tasks.map(({ id, status }) => [id, status]))

describe("admission by deadline", () => {
  it("takes as many as can be in time and tells the others when they could be", async () => {
    const solo = await soloMs()
    const burst = Array.from({ length: 12 }, (_, i) => ({
      id: `t${i}`,
      atMs: quietMs,
      deadlineMs: 6 * solo,
    }))
    const report = await simulate([warm, ...burst], { admit: "deadline" })
    const taken = report.tasks.filter(({ id, status }) => id !== "warm" && status !== "rejected")
    expect(taken.length).toBeGreaterThanOrEqual(3)
    expect(taken.length).toBeLessThanOrEqual(6)
    for (const task of taken) {
      expect(task.status).toBe("completed")
      expect(task.finishedAtMs! - task.submittedAtMs).toBeLessThanOrEqual(6 * solo)
    }
    for (const { reason, status } of report.tasks) {
      if (status !== "rejected") continue
      expect(reason).toMatchObject({ _tag: "DeadlineInfeasible", deadlineMs: 6 * solo })
      expect((reason as DeadlineInfeasible).earliestFinishMs).toBeGreaterThan(6 * solo)
    }
  })

  it("leaves no trace of whom it refuses: all others run as if it had never come", async () => {
    const solo = await soloMs()
    const options = { admit: "deadline", jitter: 0.05, lanes: 2 } as const
    const arrivals = Array.from({ length: 120 }, (_, i) => ({
      id: `t${i}`,
      atMs: quietMs + Math.round(0.4 * solo * (i + (i % 2))),
      deadlineMs: (i % 4 === 0 ? 1.4 : 5) * solo,
    }))
    const runsOf = (report: RunReport) =>
      report.tasks
        .filter(({ status }) => status !== "rejected")
        .map(({ finishedAtMs, id, runs }) => ({ id, finishedAtMs, runs }))
    const all = await simulate([...warmed, ...arrivals], options)
    const refused = new Set(
      all.tasks.flatMap(({ id, status }) => (status === "rejected" ? [id] : [])),
    )
    expect(refused.size).toBeGreaterThan(20)
    expect(all.tasks.some(({ runs }) => runs.some(({ end }) => end === "preempted"))).toBe(true)
    const taken = arrivals.filter(({ id }) => !refused.has(id))
    const without = await simulate([...warmed, ...taken], options)
    expect(runsOf(without)).toEqual(runsOf(all))
    expect(without.decisions.length).toBe(all.decisions.length)
  })

  it("asks the policy nothing because of whom it refuses", async () => {
    const askedAtMs: Array<number> = []
    /** The other lane stays free, and somebody waits for it. */
    const oneAtATime: ChooseTasks = ({ running, waiting }, nowMs) => {
      askedAtMs.push(nowMs)
      return running.length > 0 ? [] : [...waiting].slice(0, 1)
    }
    const burst = [1, 2, 3].map((i) => ({ id: `t${i}`, atMs: quietMs }))
    const refused = { id: "refused", atMs: quietMs + 1, deadlineMs: 0.001 }
    const options = { admit: "deadline", lanes: 2, policy: oneAtATime, shareWork: false } as const
    const report = await simulate([warm, ...burst, refused], options)
    expect(statusOf(report)["refused"]).toBe("rejected")
    expect(askedAtMs.filter((atMs) => atMs >= quietMs).length).toBeGreaterThan(2)
    expect(askedAtMs).not.toContain(quietMs + 1)
  })

  it("takes a task that asks for the earliest time it was told", async () => {
    const solo = await soloMs()
    const first = { id: "first", atMs: quietMs, deadlineMs: 3 * solo }
    const early = { id: "early", atMs: quietMs, deadlineMs: solo }
    const refused = await simulate([warm, first, early], { admit: "deadline" })
    const { reason } = refused.tasks.find(({ id }) => id === "early")!
    const { earliestFinishMs } = reason as DeadlineInfeasible
    const again = { id: "again", atMs: quietMs, deadlineMs: earliestFinishMs + 1e-6 }
    const report = await simulate([warm, first, again], { admit: "deadline" })
    expect(statusOf(report)).toMatchObject({ first: "completed", again: "completed" })
  })

  it("promises a short task the next operator boundary of a run, where runs may be stopped", async () => {
    const solo = await soloMs()
    const runs = { id: "runs", atMs: quietMs, deadlineMs: 20 * solo }
    const short = { id: "short", atMs: quietMs + solo / 10, deadlineMs: 1.75 * solo }
    const options = { admit: "deadline" } as const
    const stopped = await simulate([...warmed, runs, short], options)
    expect(statusOf(stopped)).toMatchObject({ runs: "completed", short: "completed" })
    const late = stopped.tasks.filter(
      ({ deadlineMs, finishedAtMs, submittedAtMs }) =>
        deadlineMs !== null && finishedAtMs! - submittedAtMs > deadlineMs,
    )
    expect(late).toEqual([])
    const kept = await simulate([...warmed, runs, short], { ...options, preempt: false })
    expect(statusOf(kept)).toMatchObject({ runs: "completed", short: "rejected" })
  })

  it("gives the lane of a stopped run to whoever has come since and is due sooner", async () => {
    const solo = await soloMs()
    const runs = { id: "runs", atMs: quietMs, long: true }
    const asks = { id: "asks", atMs: quietMs + 0.5 * solo, deadlineMs: 1.7 * solo }
    const sooner = { id: "sooner", atMs: quietMs + 0.51 * solo, deadlineMs: 1.6 * solo }
    const both = warmed.flatMap((task) => [task, { ...task, id: `${task.id}-long`, long: true }])
    const { tasks } = await simulate([...both, runs, asks, sooner], { shareWork: false })
    const find = (id: string) => tasks.find((task) => task.id === id)!
    expect(find("runs").runs[0]).toMatchObject({ end: "preempted", preemptedBy: "asks" })
    expect(find("sooner").startedAtMs).toBeLessThan(find("asks").startedAtMs!)
  })

  const seed = 20261127
  it(`gives those that can wait a later turn, and keeps all promises, seed ${seed}`, async () => {
    const random = testRandom(seed)
    const solo = await soloMs()
    let atMs = quietMs
    const arrivals = Array.from({ length: 600 }, (_, i) => {
      atMs += 1.4 * solo * random.next()
      const long = random.int(3) === 0
      const deadlineMs = (long ? 4 : 1) * solo * (2 + 3 * random.next())
      return { id: `t${i}`, atMs, long, deadlineMs }
    })
    const later = new Set<string>()
    const laterRuns = new Set<string>()
    const around: SimulationOptions["around"] = (decide) => (snapshot, nowMs) => {
      for (const { id, qosTargetMs, submittedAtMs, turnAtMs = 0 } of snapshot.waiting) {
        if (qosTargetMs !== null && turnAtMs > submittedAtMs + qosTargetMs) later.add(id)
      }
      for (const { id, stop } of snapshot.running) {
        if ((stop?.turnAtMs ?? 0) > (stop?.dueAtMs ?? 0)) laterRuns.add(id)
      }
      return decide(snapshot, nowMs)
    }
    const both = warmed.flatMap((task) => [task, { ...task, id: `${task.id}-long`, long: true }])
    const options = { admit: "deadline", lanes: 2, around } as const
    const { tasks } = await simulate([...both, ...arrivals], options)
    const taken = tasks.filter(({ status }) => status !== "rejected")
    expect(tasks.length - taken.length).toBeGreaterThan(10)
    expect(later.size).toBeGreaterThan(5)
    expect(laterRuns.size).toBeGreaterThan(0)
    for (const id of laterRuns) expect(later).toContain(id)
    expect(taken.map(({ status }) => status)).not.toContain("expired")
    const late = taken.filter(
      ({ deadlineMs, finishedAtMs, submittedAtMs }) =>
        deadlineMs !== null && finishedAtMs! - submittedAtMs > deadlineMs,
    )
    expect(late).toEqual([])
    later.clear()
    // Under a policy that goes by deadlines alone nobody has another turn.
    await simulate([...both, ...arrivals], { ...options, policy: "edf" })
    expect([...later]).toEqual([])
  })

  it("takes tasks without a deadline whatever waits, and all tasks when it is told so", async () => {
    const tight = { id: "tight", atMs: quietMs, deadlineMs: 0.001 }
    const none = { id: "none", atMs: quietMs }
    const deadline = await simulate([warm, tight, none], { admit: "deadline" })
    expect(statusOf(deadline)).toMatchObject({ tight: "rejected", none: "completed" })
    const all = await simulate([warm, tight, none], { admit: "all" })
    expect(statusOf(all)).toMatchObject({ tight: "completed", none: "completed" })
    const late = await simulate([warm, tight, none], { admit: "deadline", takesLate: true })
    expect(statusOf(late)).toMatchObject({ tight: "completed", none: "completed" })
  })
})

describe("the bound on bytes that wait", () => {
  const three = ["t0", "t1", "t2"].map((id) => ({ id, atMs: quietMs }))
  const bytesOfOne = async () => (await simulate([warm], {})).tasks[0]!.predictedPeakBytes!

  it("refuses what would be too much, with how much waits, and takes it once that runs", async () => {
    const bytes = await bytesOfOne()
    const options = { maxQueuedBytes: Math.floor(2.5 * bytes) }
    const later = { id: "later", atMs: quietMs + 1 }
    const report = await simulate([warm, ...three, later], options)
    expect(statusOf(report)).toMatchObject({ t0: "completed", t1: "completed", t2: "rejected" })
    expect(statusOf(report)).toMatchObject({ later: "completed" })
    const { reason } = report.tasks.find(({ id }) => id === "t2")!
    const { asked, bound, limit, queued } = reason as QueueFull
    expect({ asked, bound, limit, queued }).toEqual({
      asked: bytes,
      bound: "bytes",
      limit: options.maxQueuedBytes,
      queued: 2 * bytes,
    })
  })

  it("counts all tenants", async () => {
    const maxQueuedBytes = Math.floor(2.5 * (await bytesOfOne()))
    const each = three.map((task) => ({ ...task, tenant: task.id }))
    const report = await simulate(each, { maxQueuedBytes })
    expect(statusOf(report)).toEqual({ t0: "completed", t1: "completed", t2: "rejected" })
  })

  it("is free again when a task that waits is gone, however it ends", async () => {
    const solo = await soloMs()
    const maxQueuedBytes = Math.floor(1.5 * (await bytesOfOne()))
    // One runs, one waits and expires; then there is room for one more.
    const waits = { id: "waits", atMs: quietMs + 0.1, deadlineMs: solo / 4 }
    const refused = { id: "refused", atMs: quietMs + 0.2 }
    const taken = { id: "taken", atMs: quietMs + 2 * solo }
    const first = { id: "first", atMs: quietMs }
    const options = { maxQueuedBytes, lateTasks: "expire", policy: "base" } as const
    const report = await simulate([warm, first, waits, refused, taken], options)
    expect(statusOf(report)).toMatchObject({
      first: "completed",
      waits: "expired",
      refused: "rejected",
      taken: "completed",
    })
  })
})

describe("quotas", () => {
  const tenants = (quota: object) => [{ id: "a", weight: 1, quota }]
  const three = ["t0", "t1", "t2"].map((id) => ({ id, atMs: quietMs }))

  it("bound the tasks of a tenant that have not ended", async () => {
    const report = await simulate([warm, ...three], { tenants: tenants({ tasks: 2 }) })
    expect(statusOf(report)).toMatchObject({ t0: "completed", t1: "completed", t2: "rejected" })
    const { reason } = report.tasks.find(({ id }) => id === "t2")!
    const { limit, quota, tenant, used } = reason as QuotaExceeded
    expect([quota, tenant, used, limit]).toEqual(["tasks", "a", 3, 2])
  })

  it("bound their bytes", async () => {
    const bytes = (await simulate([warm], {})).tasks[0]!.predictedPeakBytes! * 2
    const report = await simulate([warm, ...three], { tenants: tenants({ bytes }) })
    expect(statusOf(report)).toMatchObject({ t0: "completed", t1: "completed", t2: "rejected" })
  })

  it("bound the device time, and let more through as time passes", async () => {
    const solo = await soloMs()
    // A bucket of ten seconds' worth: two tasks, and one more every ten seconds over two.
    const quota = { deviceShare: (2.5 * solo) / 10_000 }
    const late = { id: "late", atMs: quietMs + 9000 }
    const report = await simulate([...three, late], { tenants: tenants(quota) })
    expect(statusOf(report)).toEqual({
      t0: "completed",
      t1: "completed",
      t2: "rejected",
      late: "completed",
    })
  })

  it("do not bound other tenants", async () => {
    const others = three.map((task) => ({ ...task, tenant: "b" }))
    const report = await simulate(others, { tenants: tenants({ tasks: 1 }) })
    expect(Object.values(statusOf(report))).toEqual(["completed", "completed", "completed"])
  })
})
