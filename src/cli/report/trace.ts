// trace.json: the run as Chrome trace events, for ui.perfetto.dev or chrome://tracing. One process
// is the device; a thread row per lane carries tasks and, nested, their operators; counters carry
// the bytes of residents and arenas.
import type { MemoryEvent, RunReport } from "../../model/RunReport.ts"
import type { OpTiming, TaskRecord, TaskRun } from "../../model/Task.ts"

interface CompleteEvent {
  readonly ph: "X"
  readonly name: string
  readonly cat: "task" | "operator"
  readonly pid: number
  readonly tid: number
  /** Microseconds. */
  readonly ts: number
  readonly dur: number
  readonly args: Record<string, unknown>
}

interface CounterEvent {
  readonly ph: "C"
  readonly name: string
  readonly pid: number
  readonly ts: number
  readonly args: Record<string, number>
}

interface InstantEvent {
  readonly ph: "i"
  readonly name: string
  readonly cat: "end"
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly s: "p"
  readonly args: Record<string, unknown>
}

interface MetadataEvent {
  readonly ph: "M"
  readonly name: "process_name" | "thread_name" | "thread_sort_index"
  readonly pid: number
  readonly tid: number
  readonly args: Record<string, unknown>
}

export type TraceEvent = CompleteEvent | CounterEvent | InstantEvent | MetadataEvent

export interface Trace {
  readonly displayTimeUnit: "ms"
  readonly traceEvents: ReadonlyArray<TraceEvent>
}

const devicePid = 1
/** Thread 0 is the row for tasks that never reached a lane. */
const laneTid = (lane: number): number => lane + 1
const micros = (ms: number): number => Math.round(ms * 1e6) / 1e3

const metadata = (report: RunReport): ReadonlyArray<MetadataEvent> => {
  const row = (tid: number, name: string): ReadonlyArray<MetadataEvent> => [
    { ph: "M", name: "thread_name", pid: devicePid, tid, args: { name } },
    { ph: "M", name: "thread_sort_index", pid: devicePid, tid, args: { sort_index: tid } },
  ]
  const { kind, name, isa, lanes } = report.device
  return [
    {
      ph: "M",
      name: "process_name",
      pid: devicePid,
      tid: 0,
      args: { name: `${kind}: ${name} (${isa})` },
    },
    ...row(0, "refused"),
    ...Array.from({ length: lanes }, (_, lane) => row(laneTid(lane), `lane ${lane}`)).flat(),
  ]
}

const taskArgs = (task: TaskRecord): Record<string, unknown> => ({
  tenant: task.tenant,
  model: task.model,
  graph: task.graph,
  status: task.status,
  group: task.group,
  plan: task.plan,
  sharedWith: task.sharedWith,
  predictedMs: task.predictedMs,
  predictedPeakBytes: task.predictedPeakBytes,
  measuredPeakBytes: task.measuredPeakBytes,
})

const instant = (task: TaskRecord): InstantEvent => ({
  ph: "i",
  name: `${task.id}: ${task.status}`,
  cat: "end",
  pid: devicePid,
  tid: 0,
  ts: micros(task.finishedAtMs ?? task.submittedAtMs),
  s: "p",
  args: { ...taskArgs(task), reason: task.reason?._tag ?? null },
})

const spanOf = (lane: number, startMs: number, endMs: number) => ({
  pid: devicePid,
  tid: laneTid(lane),
  ts: micros(startMs),
  dur: Math.max(0, micros(endMs) - micros(startMs)),
})

/** The stay in which an operator ran: the last that had begun when it did. */
const stayOf = (runs: ReadonlyArray<TaskRun>, { endMs }: OpTiming): TaskRun =>
  runs.findLast(({ startedAtMs }) => startedAtMs < endMs) ?? runs[0]!

/** A slice for each stay on a lane, operators inside: viewers nest by time alone. */
const taskEvents = (task: TaskRecord): ReadonlyArray<TraceEvent> => {
  const { id, ops, runs } = task
  const endOf = (run: TaskRun) => run.endedAtMs ?? task.finishedAtMs ?? run.startedAtMs
  const slices = runs.map((run, i): CompleteEvent => {
    const { end, preemptedBy, startedAtMs } = run
    const span = spanOf(run.lane, startedAtMs, endOf(run))
    const args = { ...taskArgs(task), run: i + 1, runs: runs.length, end, preemptedBy }
    return { ph: "X", name: id, cat: "task", ...span, args }
  })
  const inner = (runs.length === 0 ? [] : ops).map((op): CompleteEvent => {
    const run = stayOf(runs, op)
    const startMs = Math.max(op.startMs, run.startedAtMs)
    const span = spanOf(run.lane, startMs, Math.min(op.endMs, endOf(run)))
    return { ph: "X", name: op.name, cat: "operator", ...span, args: { task: id } }
  })
  return [...(runs.length === 0 ? [instant(task)] : slices), ...inner]
}

const memoryCounters = (events: ReadonlyArray<MemoryEvent>): ReadonlyArray<CounterEvent> => {
  const held = { resident: 0, arena: 0 }
  return events.map((event) => {
    held[event.kind] += event.change === "grant" ? event.bytes : -event.bytes
    return {
      ph: "C",
      name: "device memory (bytes)",
      pid: devicePid,
      ts: micros(event.atMs),
      args: { residents: held.resident, arenas: held.arena },
    }
  })
}

export const traceOf = (report: RunReport): Trace => ({
  displayTimeUnit: "ms",
  traceEvents: [
    ...metadata(report),
    ...report.tasks.flatMap(taskEvents),
    ...memoryCounters(report.memory),
  ],
})
