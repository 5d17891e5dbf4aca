// trace.json: the run as Chrome trace events, for ui.perfetto.dev or chrome://tracing. One process
// is the device; a thread row per lane carries tasks and, nested, their operators; counters carry
// the bytes of residents and arenas.
import type { MemoryEvent, RunReport } from "../../model/RunReport.ts"
import type { TaskRecord } from "../../model/Task.ts"

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
/** Thread 0 is the row for tasks that never had a lane of their own. */
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
  predictedMs: task.predictedMs,
  predictedPeakBytes: task.predictedPeakBytes,
  measuredPeakBytes: task.measuredPeakBytes,
})

const taskEvents = (task: TaskRecord): ReadonlyArray<TraceEvent> => {
  const { lane, sharedWith, startedAtMs, finishedAtMs } = task
  if (lane === null || startedAtMs === null || finishedAtMs === null || sharedWith !== null) {
    const ts = micros(finishedAtMs ?? task.submittedAtMs)
    const name = `${task.id}: ${task.status}${sharedWith === null ? "" : ` with ${sharedWith}`}`
    const args = { ...taskArgs(task), reason: task.reason?._tag ?? null }
    return [{ ph: "i", name, cat: "end", pid: devicePid, tid: 0, ts, s: "p", args }]
  }
  const tid = laneTid(lane)
  const span = (startMs: number, endMs: number) => ({
    pid: devicePid,
    tid,
    ts: micros(startMs),
    dur: Math.max(0, micros(endMs) - micros(startMs)),
  })
  return [
    {
      ph: "X",
      name: task.id,
      cat: "task",
      ...span(startedAtMs, finishedAtMs),
      args: taskArgs(task),
    },
    ...task.ops.map(
      // An operator lies inside its task: viewers nest by time alone.
      (op): CompleteEvent => ({
        ph: "X",
        name: op.name,
        cat: "operator",
        ...span(Math.max(op.startMs, startedAtMs), Math.min(op.endMs, finishedAtMs)),
        args: { task: task.id },
      }),
    ),
  ]
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
