// How long a policy takes to decide, by queue length: the scheduler's own latency. Under 1 ms at
// 1,000 waiting tasks, for every policy, is the promise.

import { Bench } from "tinybench"
import { PoolLayout } from "../../src/cost/PoolLayout.ts"
import { shares } from "../../src/model/Interference.ts"
import { alignUp, noDemand } from "../../src/model/Plan.ts"
import {
  policyNames,
  type RunningTask,
  type SchedulingMode,
  type Snapshot,
  type WaitingTask,
} from "../../src/model/Snapshot.ts"
import { policies } from "../../src/policy/policies.ts"
import { preempts } from "../../src/policy/preempt.ts"
import { WaitingQueue } from "../../src/policy/WaitingQueue.ts"
import { runBench, type Suite } from "../suite.ts"

const seed = 20240115
const align = 64
const KiB = 1024
const budgetBytes = 512 * KiB * KiB
const lanes = 4
const graphs = 60
const tenants = 5

/** Mulberry32: the same queue on every machine. */
const randomOf = (start: number) => {
  let state = start
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Four resident objects of graph `g`: structure, features, scale, weights. */
const residentsOf = (g: number) =>
  [1, 4, 0.25, 0.1].map((share, part) => ({
    key: `graph-${g}/${part}`,
    bytes: Math.ceil(share * (g + 1) * 20 * KiB),
  }))

/** `waiting` tasks on 60 graphs, log-uniform arenas of 64 KiB to 64 MiB, three in four with a QoS. */
const tasksOf = (waiting: number): ReadonlyArray<WaitingTask> => {
  const random = randomOf(seed)
  return Array.from({ length: waiting }, (_, seq) => {
    const arenaBytes = alignUp(Math.ceil(64 * KiB * 1024 ** random()), align)
    const residents = residentsOf(Math.floor(random() * graphs))
    return {
      id: `task-${seq}`,
      tenant: `tenant-${seq % tenants}`,
      seq,
      submittedAtMs: seq,
      qosTargetMs: random() < 0.75 ? Math.ceil(10 * 100 ** random()) : null,
      priority: seq % 4,
      arenaBytes,
      residents,
      footprintBytes: residents.reduce((sum, { bytes }) => sum + alignUp(bytes, align), arenaBytes),
      predictedMs: Math.ceil(arenaBytes / KiB / 100),
      predictedP95Ms: Math.ceil(arenaBytes / KiB / 100),
      demand: noDemand,
    }
  })
}

/** A pool in use: every graph that fits has been there, two tasks run in continuous mode. */
const snapshotOf = (waiting: number, mode: SchedulingMode): Snapshot => {
  const layout = PoolLayout.empty(budgetBytes, align)
  for (let g = 0; g < graphs; g++) {
    const placement = layout.place({ arenaBytes: 0, residents: residentsOf(g) })
    if (placement !== null) layout.release(placement)
  }
  const running = mode === "groups" ? [] : tasksOf(2)
  for (const task of running) layout.place(task)
  return {
    mode,
    waiting: WaitingQueue.of(tasksOf(waiting)),
    running: running.map(({ id, ...task }, lane) => {
      return { ...task, id: `running-${id}`, lane, startedAtMs: 0, loadMs: 0 }
    }),
    lanesTotal: lanes,
    lanesFree: lanes - running.length,
    startedCount: running.length,
    memory: layout.view(),
    loadBytesPerMs: 10e6,
    interference: shares,
    byService,
    tenants: new Map(byService.map((share) => [share.tenant, share])),
  }
}

const byService = Array.from({ length: tenants }, (_, i) => ({
  tenant: `tenant-${i}`,
  weight: 1 + (i % 3),
  attainedMs: 10 * i * (1 + (i % 3)),
}))

/** The same with every lane taken, each by a run of 20 operators that may be stopped. */
const fullSnapshotOf = (waiting: number): Snapshot => {
  const snapshot = snapshotOf(waiting, "continuous")
  const running = tasksOf(lanes).map(({ id, ...task }, lane): RunningTask => {
    const ms = 20 * (lane + 1)
    const stop = {
      opEndsMs: Array.from({ length: 20 }, (_, op) => ((op + 1) * ms) / 20),
      firstOp: 0,
      dueAtMs: 4 * ms,
      predictedP95Ms: ms,
      priority: lane,
      preemptions: 0,
      stoppingFor: null,
    }
    return { ...task, id: `running-${id}`, lane, startedAtMs: 0, loadMs: 0, predictedMs: ms, stop }
  })
  return { ...snapshot, running, lanesFree: 0 }
}

/** One row per policy, mode and queue length, named `policy/mode/waiting`; `stop` where no lane is free. */
export const decisionSuite: Suite = ({ smoke }) => {
  const bench = new Bench(
    smoke
      ? { time: 0, iterations: 5, warmup: false, throws: true }
      : { time: 200, iterations: 20, warmupTime: 50, throws: true },
  )
  for (const waiting of smoke ? [10, 100] : [10, 100, 1000, 10_000]) {
    for (const mode of ["groups", "continuous"] as const) {
      const snapshot = snapshotOf(waiting, mode)
      for (const policy of policyNames) {
        const decide = () => policies[policy](snapshot, 0)
        bench.add(`${policy}/${mode}/${waiting}`, decide, { async: false })
      }
    }
  }
  for (const waiting of smoke ? [10, 100] : [10, 100, 1000, 10_000]) {
    const snapshot = fullSnapshotOf(waiting)
    for (const [policy, preempt] of Object.entries(preempts)) {
      bench.add(`${policy}/stop/${waiting}`, () => preempt(snapshot, 5), { async: false })
    }
  }
  return runBench("decision", bench)
}
