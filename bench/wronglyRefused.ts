// Were refusals right? Promises at a load, on the trace of `qosLoad`. Each stretch of time in which the
// device was busy is one trial: it is simulated with admission, and again for every task that was refused,
// with what is known by then: who came and how long everything took.
//
// Wrongly refused: in order of arrival, a refused task is taken into the replay for good where every promise
// that was kept is still kept, every refused task that was taken before it meets its deadline, and it meets
// its own. What ran before its arrival ran as it did: a decision does not change the past, and the replay
// says so (`otherPast`). So those counted could all have been kept together. Bounded is their share of all
// that was submitted. Some of them could be kept only because others had been taken before (`onlyThen`): as
// things were when they came, it was right to refuse them.
//
// `hindsight`, of a sample, asks for more: the time from the last idle moment on is scheduled anew, by `slo`
// or by `edf`, and each task is the only one more, so the same room counts for each that asks for it.
//   node bench/wronglyRefused.ts bench/workloads/azure.yaml [--limit N] [--loads L,…] [--seeds S,…]
//     [--sample N] [--out FILE]
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { taskTimes } from "../src/cli/report/statistics.ts"
import { readWorkload } from "../src/cli/workload/readWorkload.ts"
import type { Workload, WorkloadTask } from "../src/cli/workload/Workload.ts"
import type { TaskRecord } from "../src/model/Task.ts"
import { testRandom } from "../test/support/random.ts"
import { atLoad, simulate, soloTimes } from "./qosLoad.ts"

/** Which refusals are looked at in hindsight. */
const sampleSeed = 3

/**
 * Graphs and models come to the device, and run times are learnt, long before what is looked at. The kinds come a
 * little after each other, and wait and run beside each other: what a run's first operators foretell is learnt
 * where something is decided before its last.
 */
const warmUpMs = 60_000
const warmUps = 50
const apartMs = 2

/** What the figures mean, beside them. */
const definition =
  "wrong: refused tasks, in order of arrival, with which a replay of the same past and the same luck keeps " +
  "all promises that were kept and all refused tasks counted before; onlyThen: of these, those with which it does not " +
  "where none counted before is taken; hindsight: of `checked` refused tasks, " +
  "those that a replay scheduled anew from the last idle moment keeps, each as the only one more"

export interface RefusalResult {
  readonly load: number
  /** Of the chance in run times. */
  readonly seed: number
  readonly tasks: number
  readonly refused: number
  readonly wrong: number
  readonly onlyThen: number
  readonly shareOfRefused: number
  readonly shareOfSubmitted: number
  /** Replays in which something ran otherwise before the refused task came: not to be. */
  readonly otherPast: number
  readonly checked: number
  readonly hindsight: number
}

const byArrival = (a: TaskRecord, b: TaskRecord): number => a.submittedAtMs - b.submittedAtMs

/** Arrivals of each stretch of time in which the device was busy, refused ones among them. */
const busyStretches = (
  tasks: ReadonlyArray<TaskRecord>,
): ReadonlyArray<ReadonlyArray<TaskRecord>> => {
  const stretches: Array<Array<TaskRecord>> = []
  let busyUntilMs = 0
  for (const task of tasks.toSorted(byArrival)) {
    if (task.submittedAtMs >= busyUntilMs) stretches.push([])
    stretches.at(-1)!.push(task)
    if (task.status !== "rejected") busyUntilMs = Math.max(busyUntilMs, task.finishedAtMs!)
  }
  return stretches
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

/** The same tasks with the same luck, after some of each kind have brought its graph to the device. */
const again = (
  workload: Workload,
  window: ReadonlyArray<TaskRecord>,
  originMs: number,
): Workload => {
  const byId = new Map(workload.tasks.map((task) => [task.id, task]))
  const kinds = new Map(workload.tasks.map((task) => [`${task.model}|${task.graph}`, task]))
  const warm = Array.from({ length: warmUps }, (_, turn) =>
    [...kinds.values()].map((task, kind): WorkloadTask => {
      const atMs = (warmUpMs * turn) / (warmUps + 1) + kind * apartMs
      return { ...task, id: `warm-${turn}-${kind}`, atMs, deadlineMs: null }
    }),
  ).flat()
  const tasks = window.map(({ id, submittedAtMs }) => ({
    ...byId.get(id)!,
    atMs: warmUpMs + submittedAtMs - originMs,
  }))
  return { ...workload, tasks: [...warm, ...tasks] }
}

const metIn = (tasks: ReadonlyArray<TaskRecord>): ReadonlySet<string> =>
  new Set(tasks.filter((task) => taskTimes(task).qosMet === true).map(({ id }) => id))

const meetsAll = (tasks: ReadonlyArray<TaskRecord>, ids: ReadonlyArray<string>): boolean => {
  const met = metIn(tasks)
  return ids.every((id) => met.has(id))
}

/** Whether the time around can be scheduled anew with a refused task taken, and no promise lost. */
const keptInHindsight = async (
  workload: Workload,
  window: ReadonlyArray<TaskRecord>,
  refused: TaskRecord,
  seed: number,
): Promise<boolean> => {
  const wanted = [...metIn(window), refused.id]
  const originMs = Math.min(...[...window, refused].map(({ submittedAtMs }) => submittedAtMs))
  const forced = again(workload, [...window, refused], originMs)
  for (const policy of ["slo", "edf"] as const) {
    const { tasks } = await simulate(forced, { policy, admit: "all", seed })
    if (meetsAll(tasks, wanted)) return true
  }
  return false
}

/** Starts of what ran before a moment, as one text. */
const pastOf = (tasks: ReadonlyArray<TaskRecord>, beforeMs: number): string =>
  tasks
    .flatMap(({ id, runs }) => runs.map(({ startedAtMs }) => ({ id, startedAtMs })))
    .filter(({ startedAtMs }) => startedAtMs < beforeMs)
    .map(({ id, startedAtMs }) => `${id}@${startedAtMs}`)
    .sort()
    .join()

interface Trial {
  readonly refused: number
  readonly wrong: number
  readonly onlyThen: number
  readonly otherPast: number
}

const trial = async (
  workload: Workload,
  stretch: ReadonlyArray<TaskRecord>,
  seed: number,
): Promise<Trial> => {
  const originMs = stretch[0]!.submittedAtMs
  const admitted = again(workload, stretch, originMs)
  let { tasks: before } = await simulate(admitted, { policy: "slo", admit: "deadline", seed })
  const refused = before.filter(({ status }) => status === "rejected").sort(byArrival)
  const promised = before.flatMap(({ id, status }) => (status === "rejected" ? [] : [id]))
  const kept = metIn(before)
  const replayed = async (ids: ReadonlySet<string>) => {
    const tasks = admitted.tasks.filter(({ id }) => ids.has(id))
    const taking = { policy: "slo", admit: "deadline", takesLate: true, seed } as const
    return (await simulate({ ...admitted, tasks }, taking)).tasks
  }
  let taken: ReadonlyArray<string> = []
  let [onlyThen, otherPast] = [0, 0]
  for (const { id, submittedAtMs } of refused) {
    const after = await replayed(new Set([...promised, ...taken, id]))
    if (pastOf(after, submittedAtMs) !== pastOf(before, submittedAtMs)) otherPast++
    if (!meetsAll(after, [...kept, ...taken, id])) continue
    if (taken.length > 0) {
      const alone = await replayed(new Set([...promised, id]))
      if (!meetsAll(alone, [...kept, id])) onlyThen++
    }
    taken = [...taken, id]
    before = after
  }
  return { refused: refused.length, wrong: taken.length, onlyThen, otherPast }
}

export const wronglyRefused = async (
  file: string,
  options: Pick<RefusalResult, "load" | "seed"> & {
    readonly limit: number
    readonly sample: number
  },
): Promise<RefusalResult> => {
  const { limit, load, sample, seed } = options
  const whole = await Effect.runPromise(readWorkload(file, { allowOutside: true }))
  const first = { ...whole, tasks: whole.tasks.slice(0, limit) }
  const { workload } = atLoad(first, await soloTimes(first), load)
  const { tasks } = await simulate(workload, { policy: "slo", admit: "deadline", seed })
  const all = { refused: 0, wrong: 0, onlyThen: 0, otherPast: 0 }
  for (const stretch of busyStretches(tasks)) {
    const { onlyThen, otherPast, refused, wrong } = await trial(workload, stretch, seed)
    all.refused += refused
    all.wrong += wrong
    all.onlyThen += onlyThen
    all.otherPast += otherPast
  }
  const ran = tasks.filter(({ status }) => status !== "rejected").sort(byArrival)
  const random = testRandom(sampleSeed)
  const left = tasks.filter(({ status }) => status === "rejected")
  let checked = 0
  let hindsight = 0
  for (; checked < sample && left.length > 0; checked++) {
    const [task] = left.splice(random.int(left.length), 1)
    if (await keptInHindsight(workload, windowAround(ran, task!), task!, seed)) hindsight++
  }
  return {
    ...{ load, seed },
    tasks: tasks.length,
    ...all,
    shareOfRefused: all.refused === 0 ? 0 : all.wrong / all.refused,
    shareOfSubmitted: all.wrong / tasks.length,
    checked,
    hindsight,
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

const main = async (): Promise<void> => {
  const options = {
    out: { type: "string" },
    limit: { type: "string", default: "2500" },
    sample: { type: "string", default: "40" },
    loads: { type: "string", default: "0.5,0.8,1,1.5" },
    seeds: { type: "string", default: "0" },
  } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const [file] = positionals
  if (file === undefined) throw new Error("usage: wronglyRefused.ts WORKLOAD.yaml [--limit N]")
  const rows: Array<RefusalResult> = []
  const sizes = { limit: Number(values.limit), sample: Number(values.sample) }
  for (const load of values.loads.split(",").map(Number)) {
    for (const seed of values.seeds.split(",").map(Number)) {
      const row = await wronglyRefused(file, { ...sizes, load, seed })
      rows.push(row)
      console.log(
        `load ${load}, seed ${seed}: ${row.refused} of ${row.tasks} refused; ${row.wrong} wrongly, ` +
          `${percent(row.shareOfRefused)} of the refused, ${percent(row.shareOfSubmitted)} of the ` +
          `submitted, ${row.onlyThen} of them only then (${row.otherPast} replays with another past); in hindsight ${row.hindsight} of ` +
          `${row.checked} could have been kept, each alone`,
      )
    }
  }
  if (values.out === undefined) return
  const command = ["node", "bench/wronglyRefused.ts", ...process.argv.slice(2)].join(" ")
  writeFileSync(
    values.out,
    `${JSON.stringify({ simulated: true, definition, sampleSeed, command, rows }, null, 2)}\n`,
  )
}

if (import.meta.main) await main()
