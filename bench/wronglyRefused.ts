// Were refusals right? Promises at a load, on the trace of `qosLoad`; then, for a sample of the tasks
// that were refused, the time around each is run again with that task taken and with perfect knowledge
// of all run times: a refusal was wrong when every promise that was kept is still kept and the task
// meets its deadline as well, under `slo` or under `edf`.
//   node bench/wronglyRefused.ts bench/workloads/azure.yaml [--limit N] [--sample N] [--out FILE]
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

export interface RefusalResult {
  readonly load: number
  readonly tasks: number
  readonly refused: number
  readonly checked: number
  readonly wrong: number
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

const couldBeKept = async (
  workload: Workload,
  window: ReadonlyArray<TaskRecord>,
  refused: TaskRecord,
): Promise<boolean> => {
  const wanted = [...metIn(window), refused.id]
  const originMs = Math.min(...[...window, refused].map(({ submittedAtMs }) => submittedAtMs))
  const forced = again(workload, [...window, refused], originMs)
  for (const policy of ["slo", "edf"] as const) {
    const { tasks } = await simulate(forced, { policy, admit: "all" })
    const met = metIn(tasks)
    if (wanted.every((id) => met.has(id))) return true
  }
  return false
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
  const refused = tasks.filter(({ status }) => status === "rejected")
  const ran = tasks
    .filter(({ status }) => status !== "rejected")
    .toSorted((a, b) => a.submittedAtMs - b.submittedAtMs)
  const random = testRandom(seed)
  const left = [...refused]
  let checked = 0
  let wrong = 0
  for (; checked < sample && left.length > 0; checked++) {
    const [task] = left.splice(random.int(left.length), 1)
    if (await couldBeKept(workload, windowAround(ran, task!), task!)) wrong++
  }
  return { load, tasks: tasks.length, refused: refused.length, checked, wrong }
}

const main = async (): Promise<void> => {
  const options = {
    out: { type: "string" },
    limit: { type: "string", default: "20000" },
    sample: { type: "string", default: "300" },
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
      `load ${load}: ${row.refused} of ${row.tasks} refused; of ${row.checked} looked at, ` +
        `${row.wrong} could have been kept, ${((100 * row.wrong * row.refused) / row.checked / row.tasks).toFixed(2)} % of all tasks`,
    )
  }
  if (values.out === undefined) return
  const command = ["node", "bench/wronglyRefused.ts", ...process.argv.slice(2)].join(" ")
  writeFileSync(
    values.out,
    `${JSON.stringify({ simulated: true, seed, command, rows }, null, 2)}\n`,
  )
}

if (import.meta.main) await main()
