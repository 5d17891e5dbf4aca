// What a policy makes of an instance: the same device as the search has, asked at every event.
import { PoolLayout } from "../../src/cost/PoolLayout.ts"
import { shares } from "../../src/model/Interference.ts"
import type { Policy, RunningTask, Snapshot, WaitingTask } from "../../src/model/Snapshot.ts"
import { WaitingQueue } from "../../src/policy/WaitingQueue.ts"
import { alignBytes, type Instance } from "./Instance.ts"
import { advance, begin, mayStart, type Progress, start } from "./Progress.ts"

/** Bytes that travel in a millisecond. */
const loadBytesPerMs = alignBytes

const tenantOf = (weight: number) => `weight-${weight}`

const tasksOf = ({ jobs, loadMs }: Instance): ReadonlyArray<WaitingTask> =>
  jobs.map(({ arenaBytes, arrivesMs, demand, dueMs, graph, runMs, weight }, seq) => {
    const bytes = loadMs[graph]! * loadBytesPerMs
    return {
      id: `${seq}`,
      tenant: tenantOf(weight),
      seq,
      submittedAtMs: arrivesMs,
      qosTargetMs: dueMs === null ? null : dueMs - arrivesMs,
      priority: 0,
      arenaBytes,
      residents: [{ key: `graph-${graph}`, bytes }],
      footprintBytes: arenaBytes + bytes,
      predictedMs: runMs,
      predictedP95Ms: runMs,
      demand,
    }
  })

const lineMs = ({ running }: Progress, job: number): number =>
  running.at(-1)!.job !== job || running.at(-1)!.loadLeftMs === null
    ? 0
    : running.reduce((sum, { loadLeftMs }) => sum + (loadLeftMs ?? 0), 0)

export const serveInstance = (instance: Instance, policy: Policy): Progress => {
  const tasks = tasksOf(instance)
  const graphBytes = instance.loadMs.reduce((sum, ms) => sum + ms * loadBytesPerMs, 0)
  const layout = PoolLayout.empty(instance.arenaBudgetBytes + graphBytes, alignBytes)
  const placed = new Map<number, ReturnType<PoolLayout["place"]>>()
  const snapshotOf = (at: Progress): Snapshot => {
    const waiting = tasks.filter(
      ({ seq, submittedAtMs }) =>
        (at.started & (1 << seq)) === 0 && submittedAtMs <= at.nowMs + 1e-9,
    )
    const running = at.running.map(({ job, startedMs }, lane): RunningTask => {
      const { demand, footprintBytes, id, predictedMs, tenant } = tasks[job]!
      const brings = placed.get(job)!.uploads.map(({ key }) => key)
      const loadMs = readyMs.get(job)! - startedMs
      const { arena } = placed.get(job)!
      const run = { id, tenant, lane, startedAtMs: startedMs, predictedMs, footprintBytes }
      return { ...run, loadMs, brings, demand, arena }
    })
    return {
      mode: "continuous",
      waiting: WaitingQueue.of(waiting),
      running,
      lanesTotal: instance.lanes,
      lanesFree: instance.lanes - running.length,
      startedCount: 0,
      memory: layout.view(),
      loadBytesPerMs,
      interference: shares,
      byService: [],
      tenants: new Map([1, 2, 3, 4].map((weight) => [tenantOf(weight), { weight, attainedMs: 0 }])),
    }
  }
  /** When each task can begin: it waits for the line of those that load, if for anything. */
  const readyMs = new Map<number, number>()
  let at = begin(instance)
  for (;;) {
    if (at.running.length < instance.lanes) {
      for (const id of policy(snapshotOf(at), at.nowMs).start) {
        const task = tasks[Number(id)]!
        if (!mayStart(instance, at, task.seq)) throw new Error(`seed ${instance.seed}: ${id}`)
        placed.set(task.seq, layout.place(task)!)
        at = start(instance, at, task.seq)
        readyMs.set(task.seq, at.nowMs + lineMs(at, task.seq))
      }
    }
    const later = advance(instance, at)
    if (later === null) return at
    for (const { job } of at.running) {
      if (!later.running.some((run) => run.job === job)) layout.release(placed.get(job)!)
    }
    at = later
  }
}
