// A million tasks of a thousand tenants through the real actors on the simulated device, with ten
// thousand queued from the first moment on: processor time of one thread, how long decisions take, and
// whether memory stays flat. Each task that ends is followed by another, of a tenant drawn from the seed.
//   node bench/scale.ts [--tasks N] [--queued N] [--tenants N] [--policy NAME] [--out FILE]
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { parseArgs } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Effect, Latch } from "effect"
import { machines } from "../src/cost/MachineProfile.ts"
import type { PolicyName, Snapshot } from "../src/model/Snapshot.ts"
import { isTerminal } from "../src/model/Task.ts"
import type { GnnSchedService } from "../src/runtime/GnnSched.ts"
import { inVirtualTime } from "../src/runtime/inVirtualTime.ts"
import { openSimulation } from "../src/runtime/simulation.ts"
import { testRandom } from "../test/support/random.ts"
import { randomModel } from "../test/support/sources.ts"
import { DecisionTimes } from "./decision/DecisionTimes.ts"

export interface ScaleOptions {
  readonly tasks: number
  readonly queued: number
  readonly tenants: number
  readonly policy: PolicyName
  /** Ended tasks that are kept for a report. */
  readonly historyTasks: number
}

export interface ScaleResult {
  readonly completed: number
  /** Of user, all threads of the process. */
  readonly cpuSeconds: number
  readonly microsecondsPerTask: number
  /** Of the second half of the tasks: the queue is full, and the code has been compiled. */
  readonly steadyMicrosecondsPerTask: number
  readonly decisions: number
  readonly decisionP50Us: number
  readonly decisionP99Us: number
  readonly queuePeak: number
  /** Heap in use after a collection: at the start, at each quarter of the tasks, and at the end. */
  readonly heapMiB: ReadonlyArray<number>
}

const seed = 7

const kinds = [
  { preset: "cora", width: 1433, architecture: "GCN", targetMs: 200 },
  { preset: "pubmed", width: 500, architecture: "GraphSAGE", targetMs: null },
  { preset: "PROTEINS_full", width: 29, architecture: "GIN", targetMs: 2000 },
  { preset: "citeseer", width: 3703, architecture: "GAT", targetMs: null },
] as const

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

const heapMiB = (): number => {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const userUs = (): number => process.cpuUsage().user

/** What each kind of task asks for. */
const loadKinds = (service: GnnSchedService) =>
  Effect.forEach(kinds, ({ architecture, preset, targetMs, width }) =>
    Effect.gen(function* () {
      const graph = yield* service.loadGraph({ kind: "preset", preset, seed: 1, scale: 1 })
      const model = yield* service.loadModel(
        randomModel({ architecture, width, hidden: 64, seed: 1 }),
      )
      return { graph: graph.id, model: model.id, deadlineMs: targetMs }
    }),
  )

/** Submits each task as soon as fewer than `queued` are there. */
const run = ({ historyTasks, policy, queued, tasks, tenants }: ScaleOptions) =>
  Effect.gen(function* () {
    const times = new DecisionTimes()
    const service = yield* openSimulation({
      machine: machines["cpu-2"],
      policy,
      maxQueuedTasks: queued,
      historyTasks,
      opTimings: false,
      around: (decide) => (snapshot: Snapshot, nowMs: number) =>
        times.of(() => decide(snapshot, nowMs)),
    })
    const made = yield* loadKinds(service)
    const random = testRandom(seed)
    const room = Latch.makeUnsafe(true)
    const heap: Array<number> = []
    let live = 0
    let queuePeak = 0
    let completed = 0
    yield* service.listen((_, state) => {
      if (!isTerminal(state)) return
      live--
      if (state === "completed") completed++
      room.openUnsafe()
    })
    const half = Math.floor(tasks / 2)
    let halfUs = 0
    for (let i = 0; i < tasks; i++) {
      if (i % Math.ceil(tasks / 4) === 0) heap.push(heapMiB())
      if (i === half) halfUs = userUs()
      if (live >= queued) {
        room.closeUnsafe()
        yield* room.await
      }
      queuePeak = Math.max(queuePeak, ++live)
      const id = `t${i}`
      const tenant = `tenant-${random.int(tenants)}`
      yield* service.submit({ ...made[random.int(4)]!, id, tenant, nodes: null, priority: 0 })
      if (i % 1024 === 0) yield* Effect.yieldNow
    }
    const steadyMicrosecondsPerTask = (userUs() - halfUs) / (tasks - half)
    yield* service.drain
    const { count, p50Us, p99Us } = times
    const decisions = { decisions: count, decisionP50Us: p50Us, decisionP99Us: p99Us }
    return {
      ...{ completed, steadyMicrosecondsPerTask, queuePeak, ...decisions },
      heapMiB: [...heap, heapMiB()],
    }
  }).pipe(Effect.scoped, inVirtualTime)

export const scale = async (options: ScaleOptions): Promise<ScaleResult> => {
  const before = userUs()
  const result = await Effect.runPromise(run(options))
  const us = userUs() - before
  return { ...result, cpuSeconds: us / 1e6, microsecondsPerTask: us / options.tasks }
}

const show = (options: ScaleOptions, result: ScaleResult, wallSeconds: number): void => {
  const { completed, cpuSeconds, heapMiB: heap } = result
  console.log(
    `${options.policy}: ${completed} of ${options.tasks} tasks in ${cpuSeconds.toFixed(1)} s of ` +
      `processor time (${wallSeconds.toFixed(1)} s on the wall), ` +
      `${result.microsecondsPerTask.toFixed(1)} µs a task, ` +
      `${result.steadyMicrosecondsPerTask.toFixed(1)} µs in the second half`,
  )
  console.log(
    `${result.decisions} decisions, p50 ${result.decisionP50Us.toFixed(1)} µs, ` +
      `p99 ${result.decisionP99Us.toFixed(1)} µs; ${result.queuePeak} queued at most; ` +
      `heap at quarters ${heap.map((mib) => mib.toFixed(0)).join(", ")} MiB`,
  )
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      policy: { type: "string", default: "slo" },
      queued: { type: "string", default: "10000" },
      tasks: { type: "string", default: "1000000" },
      tenants: { type: "string", default: "1000" },
    },
  })
  const options: ScaleOptions = {
    policy: values.policy as PolicyName,
    queued: Number(values.queued),
    tasks: Number(values.tasks),
    tenants: Number(values.tenants),
    historyTasks: 100,
  }
  const started = performance.now()
  const result = await scale(options)
  const wallSeconds = (performance.now() - started) / 1000
  show(options, result, wallSeconds)
  if (values.out === undefined) return
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() }
  const command = ["node", "bench/scale.ts", ...process.argv.slice(2)].join(" ")
  const report = { machine, command, seed, ...options, wallSeconds, ...result }
  writeFileSync(values.out, `${JSON.stringify(report, null, 2)}\n`)
}

if (import.meta.main) await main()
