// A hand-made run for the tests of what a run writes: a small scheduler without a device fills
// lanes in order, so that times, memory and decisions fit together as in a real run.

import type { NamedReport } from "../../src/cli/report/RunInputs.ts"
import { DeviceOutOfMemory, TooLarge } from "../../src/model/errors.ts"
import type { DecisionRecord, MemoryEvent } from "../../src/model/RunReport.ts"
import type { TaskRecord } from "../../src/model/Task.ts"

export interface SampleOptions {
  readonly tasks: number
  readonly lanes: number
  readonly firstId?: string
}

const mib = 2 ** 20
const budgetBytes = 256 * mib
const originMs = 1000

const residents: ReadonlyArray<{ readonly key: string; readonly bytes: number }> = [
  { key: "cora.x", bytes: 15 * mib },
  { key: "pubmed.x", bytes: 38 * mib },
  { key: "gcn.weights", bytes: mib },
]

const refused = (id: string, atMs: number, injected: boolean): TaskRecord => ({
  id,
  tenant: "batch",
  model: "m2",
  graph: "g2",
  status: injected ? "failed" : "rejected",
  reason: injected
    ? new DeviceOutOfMemory({ bytesRequested: 5 * mib, bytesFree: 9 * mib, transient: true })
    : new TooLarge({ bytesNeeded: 9e9, bytesBudget: budgetBytes }),
  group: injected ? 3 : null,
  lane: null,
  attempts: injected ? 2 : 0,
  submittedAtMs: atMs,
  readyAtMs: injected ? atMs + 1 : null,
  startedAtMs: null,
  finishedAtMs: atMs + 2,
  deadlineMs: 500,
  priority: 0,
  residentBytes: null,
  predictedPeakBytes: null,
  measuredPeakBytes: null,
  predictedMs: null,
  ops: [],
  runs: [],
  plan: null,
  sharedWith: null,
})

interface Slot {
  freeAtMs: number
  readonly offset: number
}

const completedTask = (index: number, slot: Slot, lane: number, id: string): TaskRecord => {
  const tenant = ["search", "fraud", "batch"][index % 3]!
  const submittedAtMs = originMs + index * 3
  const startedAtMs = Math.max(slot.freeAtMs, submittedAtMs + 1)
  const runMs = 4 + ((index * 7919) % 23)
  const split = startedAtMs + runMs * 0.4
  const finishedAtMs = startedAtMs + runMs
  slot.freeAtMs = finishedAtMs + 0.2
  const peak = (16 + (index % 4) * 12) * mib
  return {
    id,
    tenant,
    model: `m${index % 4}`,
    graph: `g${index % 2}`,
    status: "completed",
    reason: null,
    group: index + 1,
    lane,
    attempts: 1,
    submittedAtMs,
    readyAtMs: submittedAtMs + 1,
    startedAtMs,
    finishedAtMs,
    deadlineMs: index % 3 === 0 ? 60 : null,
    priority: index % 2,
    residentBytes: 15 * mib,
    predictedPeakBytes: peak,
    measuredPeakBytes: peak,
    predictedMs: runMs * (0.8 + (index % 5) / 10),
    ops: [
      { name: "conv0.gemm", startMs: startedAtMs, endMs: split },
      { name: "conv0.spmm", startMs: split, endMs: finishedAtMs },
    ],
    runs: [
      {
        lane,
        group: index + 1,
        startedAtMs,
        loadedAtMs: startedAtMs,
        endedAtMs: finishedAtMs,
        end: "completed",
        preemptedBy: null,
      },
    ],
    plan: "whole",
    sharedWith: null,
  }
}

const arenaEvents = (task: TaskRecord, offset: number): ReadonlyArray<MemoryEvent> => {
  const event = (change: "grant" | "release", atMs: number): MemoryEvent => ({
    atMs,
    kind: "arena",
    label: task.id,
    change,
    offset,
    bytes: task.predictedPeakBytes! - task.residentBytes!,
    usedBytesAfter: 0,
  })
  return [event("grant", task.startedAtMs!), event("release", task.finishedAtMs!)]
}

const decisionOf = (task: TaskRecord, number: number): DecisionRecord => ({
  start: [task.id],
  blocked: number % 4 === 0 ? { id: `t/${number + 1}`, reason: "memory" } : null,
  thresholdBytes: null,
  atMs: task.startedAtMs!,
  number,
  waiting: 3,
  running: 1,
  freeBytes: 100 * mib,
  decideMs: 0.05,
})

const shape = {
  numNodes: 10,
  numEdges: 20,
  featureWidth: 4,
  featureNonZeros: null,
  hasEdgeWeight: false,
  numGraphs: null,
}

const inputs: NamedReport["inputs"] = {
  graphs: Object.fromEntries([0, 1, 2].map((i) => [`g${i}`, { id: `graph${i}`, ...shape }])),
  models: Object.fromEntries(
    [0, 1, 2, 3].map((i) => [`m${i}`, { id: `model${i}`, config: { architecture: "GCN" } }]),
  ),
  nodes: new Map([["t/1", [3, 1, 3]]]),
}

export const sampleReport = (options: SampleOptions): NamedReport => {
  const slots: ReadonlyArray<Slot> = Array.from({ length: options.lanes }, (_, lane) => ({
    freeAtMs: originMs + 1,
    offset: (60 + lane * 48) * mib,
  }))
  const tasks: Array<TaskRecord> = []
  const memory: Array<MemoryEvent> = residents.map(({ key, bytes }, index) => ({
    atMs: originMs + 1 + index * 4,
    kind: "resident",
    label: key,
    change: "grant",
    offset: index * 16 * mib,
    bytes,
    usedBytesAfter: 0,
  }))
  for (let index = 0; index < options.tasks; index++) {
    const slot = slots.reduce((best, one) => (one.freeAtMs < best.freeAtMs ? one : best))
    const id = index === 0 && options.firstId !== undefined ? options.firstId : `t/${index}`
    const task = completedTask(index, slot, slots.indexOf(slot), id)
    tasks.push(task)
    memory.push(...arenaEvents(task, slot.offset))
  }
  const completed = [...tasks]
  tasks.push(refused("too-large", originMs + 5, false), refused("hurt", originMs + 9, true))
  return {
    device: {
      kind: "cpu",
      name: "test processor",
      isa: "avx512",
      lanes: options.lanes,
      budgetBytes,
      overheadBytes: 3 * mib,
      alignBytes: 64,
      peakBytes: 180 * mib,
    },
    policy: "base",
    mode: "continuous",
    settings: {
      precision: "fp32",
      admit: "all",
      lateTasks: "run",
      shareWork: true,
      preempt: true,
      elastic: true,
      chance: null,
    },
    tenants: [
      { id: "search", weight: 2 },
      { id: "fraud", weight: 1 },
      { id: "batch", weight: 1 },
      { id: "idle", weight: 1 },
    ],
    tasks,
    decisions: completed.map((task, index) => decisionOf(task, index + 1)),
    memory: memory.sort((a, b) => a.atMs - b.atMs),
    dropped: 0,
    inputs,
  }
}

/** The same with a task that gave way to an urgent one and went on, and one that another's run answered. */
export const tornReport = (options: SampleOptions): NamedReport => {
  const report = sampleReport(options)
  const torn = report.tasks[2]!
  const [run] = torn.runs
  const { startedAtMs } = run!
  const ms = run!.endedAtMs! - startedAtMs
  const [stopMs, goOnMs] = [startedAtMs + 0.4 * ms, startedAtMs + 0.6 * ms]
  const urgentRun = { ...run!, startedAtMs: stopMs, loadedAtMs: stopMs, endedAtMs: goOnMs }
  const urgent: TaskRecord = {
    ...torn,
    id: "urgent",
    tenant: "search",
    submittedAtMs: stopMs - 0.1 * ms,
    readyAtMs: stopMs - 0.1 * ms,
    startedAtMs: stopMs,
    finishedAtMs: goOnMs,
    deadlineMs: ms,
    ops: [],
    runs: [urgentRun],
  }
  const twin: TaskRecord = { ...torn, id: "twin", ops: [], runs: [], sharedWith: "t/1" }
  const first = { ...run!, endedAtMs: stopMs, end: "preempted" as const, preemptedBy: "urgent" }
  const second = { ...run!, startedAtMs: goOnMs, loadedAtMs: goOnMs }
  const stopped = report.decisions.filter(({ atMs }) => atMs <= stopMs).length
  const decisions = [...report.decisions]
  const told = { ...decisionOf(urgent, stopped), start: [], blocked: null, preempt: [torn.id] }
  decisions.splice(stopped, 0, { ...told, atMs: stopMs - 0.1 * ms })
  const tasks = report.tasks.map((task) =>
    task === torn ? { ...torn, plan: "tiles of 64 columns", runs: [first, second] } : task,
  )
  return { ...report, decisions, tasks: [...tasks, urgent, twin] }
}
