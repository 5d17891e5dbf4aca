// Were refusals right? Promises at a load, on the trace of `qosLoad`, then the same arrivals with the same
// luck again, with perfect knowledge of what comes and how long it takes.
//
// Wrongly refused: in order of arrival, a refused task is taken into its replay where every promise that
// was kept is still kept, every refused task that was taken before it meets its deadline, and it meets its
// own, under `slo` or under `edf`. So those counted could all have been kept together; what is bounded is
// their share of all that was submitted. `alone`: of a sample, those that could have been kept were each
// the only one more, which counts the same room again for each that asks for it.
//   node bench/wronglyRefused.ts bench/workloads/azure.yaml [--limit N] [--loads L,…] [--sample N] [--out FILE]
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { taskTimes } from "../src/cli/report/statistics.ts"
import { readWorkload } from "../src/cli/workload/readWorkload.ts"
import type { Workload, WorkloadTask } from "../src/cli/workload/Workload.ts"
import type { TaskRecord } from "../src/model/Task.ts"
import { testRandom } from "../test/support/random.ts"
import { atLoad, simulate, soloTimes } from "./qosLoad.ts"

const seed = 3

/** Graphs and models come to the device long before what is looked at. */
const warmUpMs = 60_000

/** What the figures mean, beside them. */
const definition =
  "together: refused tasks, in order of arrival, that a replay with the same luck keeps with all promises " +
  "that were kept and all refused tasks counted before; alone: of `checked` refused tasks, those that a " +
  "replay keeps each as the only one more"

export interface RefusalResult {
  readonly load: number
  readonly tasks: number
  readonly refused: number
  /** Refused tasks that could have been kept, all of them together. */
  readonly together: number
  readonly shareOfRefused: number
  readonly shareOfSubmitted: number
  /** Refused tasks that were looked at alone. */
  readonly checked: number
  readonly alone: number
}

/** What ran around a moment: all from the idle moment before it to the one after its deadline. */
const windowAround = (
  ran: ReadonlyArray<TaskRecord>,
  { deadlineMs, submittedAtMs }: TaskRecord,
): ReadonlyArray<TaskRecord> => {
  const untilMs = submittedAtMs + deadlineMs!
  let window: Array<TaskRecord> = []
  let busyUntilMs = 0
  for (const task of ran) {
    if (task.submittedAtMs >= busyUntilMs) {
      if (task.submittedAtMs > untilMs) break
      // The device was idle: what ended before has no part in it.
      if (task.submittedAtMs <= submittedAtMs) window = []
    }
    window.push(task)
    busyUntilMs = Math.max(busyUntilMs, task.finishedAtMs!)
  }
  return window
}

/** The same tasks with the same luck, after one of each kind has brought its graph to the device. */
const again = (
  workload: Workload,
  window: ReadonlyArray<TaskRecord>,
  originMs: number,
): Workload => {
  const byId = new Map(workload.tasks.map((task) => [task.id, task]))
  const kinds = new Map(workload.tasks.map((task) => [`${task.model}|${task.graph}`, task]))
  const warm = [...kinds.values()].map(
    (task, i): WorkloadTask => ({ ...task, id: `warm-${i}`, atMs: i, deadlineMs: null }),
  )
  const tasks = window.map(({ id, submittedAtMs }) => ({
    ...byId.get(id)!,
    atMs: warmUpMs + submittedAtMs - originMs,
  }))
  return { ...workload, tasks: [...warm, ...tasks] }
}

const metIn = (tasks: ReadonlyArray<TaskRecord>): ReadonlySet<string> =>
  new Set(tasks.filter((task) => taskTimes(task).qosMet === true).map(({ id }) => id))

/** The replay of the window with a refused task taken, or null where a promise is lost by it. */
const keptWith = async (
  workload: Workload,
  window: ReadonlyArray<TaskRecord>,
  refused: TaskRecord,
): Promise<ReadonlyArray<TaskRecord> | null> => {
  const wanted = [...metIn(window), refused.id]
  const originMs = Math.min(...[...window, refused].map(({ submittedAtMs }) => submittedAtMs))
  const forced = again(workload, [...window, refused], originMs)
  for (const policy of ["slo", "edf"] as const) {
    const { tasks } = await simulate(forced, { policy, admit: "all" })
    const met = metIn(tasks)
    if (wanted.every((id) => met.has(id))) return tasks.map((task) => moved(task, originMs))
  }
  return null
}

/** A replay's record in the time of the run that it replays. */
const moved = (task: TaskRecord, originMs: number): TaskRecord => ({
  ...task,
  submittedAtMs: task.submittedAtMs - warmUpMs + originMs,
  finishedAtMs: task.finishedAtMs! - warmUpMs + originMs,
})

const byArrival = (a: TaskRecord, b: TaskRecord): number => a.submittedAtMs - b.submittedAtMs

/** Refused tasks that could all have been kept. */
const keptTogether = async (
  workload: Workload,
  ran: ReadonlyArray<TaskRecord>,
  refused: ReadonlyArray<TaskRecord>,
): Promise<number> => {
  const now = new Map(ran.map((task) => [task.id, task]))
  let kept = 0
  for (const task of refused) {
    const sorted = [...now.values()].sort(byArrival)
    const replay = await keptWith(workload, windowAround(sorted, task), task)
    if (replay === null) continue
    kept++
    for (const one of replay) if (now.has(one.id) || one.id === task.id) now.set(one.id, one)
  }
  return kept
}

export const wronglyRefused = async (
  file: string,
  options: { readonly limit: number; readonly load: number; readonly sample: number },
): Promise<RefusalResult> => {
  const { limit, load, sample } = options
  const whole = await Effect.runPromise(readWorkload(file, { allowOutside: true }))
  const first = { ...whole, tasks: whole.tasks.slice(0, limit) }
  const { workload } = atLoad(first, await soloTimes(first), load)
  const { tasks } = await simulate(workload, { policy: "slo", admit: "deadline" })
  const refused = tasks.filter(({ status }) => status === "rejected").sort(byArrival)
  const ran = tasks.filter(({ status }) => status !== "rejected").sort(byArrival)
  const together = await keptTogether(workload, ran, refused)
  const random = testRandom(seed)
  const left = [...refused]
  let checked = 0
  let alone = 0
  for (; checked < sample && left.length > 0; checked++) {
    const [task] = left.splice(random.int(left.length), 1)
    if ((await keptWith(workload, windowAround(ran, task!), task!)) !== null) alone++
  }
  return {
    load,
    tasks: tasks.length,
    refused: refused.length,
    together,
    shareOfRefused: refused.length === 0 ? 0 : together / refused.length,
    shareOfSubmitted: together / tasks.length,
    checked,
    alone,
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

const main = async (): Promise<void> => {
  const options = {
    out: { type: "string" },
    limit: { type: "string", default: "2500" },
    sample: { type: "string", default: "40" },
    loads: { type: "string", default: "0.5,0.8,1,1.5" },
  } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const [file] = positionals
  if (file === undefined) throw new Error("usage: wronglyRefused.ts WORKLOAD.yaml [--limit N]")
  const rows: Array<RefusalResult> = []
  for (const load of values.loads.split(",").map(Number)) {
    const sizes = { limit: Number(values.limit), sample: Number(values.sample) }
    const row = await wronglyRefused(file, { ...sizes, load })
    rows.push(row)
    console.log(
      `load ${load}: ${row.refused} of ${row.tasks} refused; ${row.together} could have been kept ` +
        `together, ${percent(row.shareOfRefused)} of the refused, ${percent(row.shareOfSubmitted)} of ` +
        `the submitted; alone ${row.alone} of ${row.checked}`,
    )
  }
  if (values.out === undefined) return
  const command = ["node", "bench/wronglyRefused.ts", ...process.argv.slice(2)].join(" ")
  writeFileSync(
    values.out,
    `${JSON.stringify({ simulated: true, definition, seed, command, rows }, null, 2)}\n`,
  )
}

if (import.meta.main) await main()
