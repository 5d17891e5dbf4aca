// One executor per lane: uploads what is missing, runs the plan on its lane, reports the outcome.
// It holds one task at a time. When the lane is lost it stops; the supervisor starts another.
import { Cause, Effect, Exit, Fiber, Queue, type Scope } from "effect"
import type { Device } from "../device/Device.ts"
import type { StopSignal } from "../device/StopSignal.ts"
import { type DeviceError, DeviceOutOfMemory, LaneLost } from "../model/errors.ts"
import type { OpTiming, TaskOutput } from "../model/Task.ts"
import { type HostMemory, hostMemory } from "./HostMemory.ts"
import type { Holding, Ledger } from "./Ledger.ts"
import type { LiveTask } from "./LiveTask.ts"
import type { Stopwatch } from "./Stopwatch.ts"

export interface RunTask {
  readonly task: LiveTask
  readonly holding: Holding
  /** The operators before it have run. */
  readonly firstOp: number
  /** The scheduler asks by it for the lane. */
  readonly stop: StopSignal
}

/**
 * The lane stopped at an operator boundary: `Cancelled` for good, `Preempted` to go on later with
 * operator `opsDone`.
 */
export type RunOutcome =
  | { readonly _tag: "Completed"; readonly output: TaskOutput }
  | { readonly _tag: "Failed"; readonly reason: DeviceError }
  | { readonly _tag: "Cancelled" }
  | Preempted

export interface Preempted {
  readonly _tag: "Preempted"
  readonly opsDone: number
}

export interface ExecutorOptions {
  readonly lane: number
  readonly device: Device
  readonly ledger: Ledger
  readonly stopwatch: Stopwatch
  /** The plan goes to the lane: uploads are done. */
  readonly onRunStart: (run: RunTask) => void
  /** It left the lane; `runMs` is null where it did not run to its end. */
  readonly onRunEnd: (run: RunTask, runMs: number | null) => void
  readonly onFinished: (run: RunTask, outcome: RunOutcome) => Effect.Effect<void>
}

export interface ExecutorActor {
  /** The scheduler gives a lane one task at a time, so the mailbox of one never fills. */
  readonly run: (run: RunTask) => Effect.Effect<void>
  /** The loop: it ends only by failing, when the lane is lost. */
  readonly loop: Effect.Effect<never, LaneLost>
}

export const makeExecutor = (
  options: ExecutorOptions,
): Effect.Effect<ExecutorActor, never, Scope.Scope> =>
  Effect.gen(function* () {
    const mailbox = yield* Queue.bounded<RunTask>(1)
    const loop = Queue.take(mailbox).pipe(
      Effect.flatMap((run) => runTask(options, run)),
      Effect.forever,
    )
    return { run: (run) => Effect.asVoid(Queue.offer(mailbox, run)), loop }
  })

const runTask = (options: ExecutorOptions, run: RunTask): Effect.Effect<void, LaneLost> =>
  Effect.gen(function* () {
    const { task } = run
    const fiber = yield* Effect.forkChild(runPlan(options, run))
    task.abort = Fiber.interrupt(fiber)
    if (task.cancelRequested) yield* Fiber.interrupt(fiber)
    const exit = yield* Fiber.await(fiber)
    task.abort = null
    const outcome = outcomeOf(exit)
    yield* options.onFinished(run, outcome)
    if (outcome._tag === "Failed" && outcome.reason._tag === "LaneLost") {
      return yield* new LaneLost({ lane: options.lane, transient: true })
    }
  })

const outcomeOf = (exit: Exit.Exit<RunOutcome, DeviceError>): RunOutcome => {
  if (Exit.isSuccess(exit)) return exit.value
  const reason = exit.cause.reasons.find(Cause.isFailReason)
  if (reason !== undefined) return { _tag: "Failed", reason: reason.error }
  if (Cause.hasInterruptsOnly(exit.cause)) return { _tag: "Cancelled" }
  throw new Error(Cause.pretty(exit.cause))
}

const runPlan = (options: ExecutorOptions, run: RunTask): Effect.Effect<RunOutcome, DeviceError> =>
  Effect.gen(function* () {
    const { task, holding, firstOp, stop } = run
    const { plan, residents } = task.prepared!
    const load = options.ledger.load(holding, residents)
    yield* options.ledger.isLoaded(residents) ? load : Effect.raceFirst(load, asked(stop))
    if (stop.asked) return { _tag: "Preempted", opsDone: firstOp }
    const { output, arrays: host } = yield* memoryOf(task, options.device.noOutput === true)
    const { cols } = plan.output
    const rows = options.device.noOutput === true ? 0 : plan.output.rows
    noteLoaded(task, options.stopwatch.nowMs())
    options.onRunStart(run)
    let runMs: number | null = null
    const submitted = options.device.submit({
      lane: options.lane,
      plan,
      arena: holding.arena,
      residents: holding.residents,
      host,
      output,
      priority: task.spec.priority,
      taskId: task.spec.id,
      firstOp,
      stop,
    })
    const completion = yield* submitted.pipe(
      Effect.tap((done) =>
        Effect.sync(() => {
          runMs = done.cancelled ? null : done.runMs
        }),
      ),
      Effect.ensuring(Effect.sync(() => options.onRunEnd(run, runMs))),
    )
    const laneStartMs = options.stopwatch.nowMs() - completion.runMs
    const before = firstOp === 0 ? [] : task.ops
    task.ops = [...before, ...shifted(completion.ops, laneStartMs)]
    if (completion.cancelled) return { _tag: "Preempted", opsDone: completion.opsDone }
    task.measuredPeakBytes = completion.measuredPeakBytes
    return { _tag: "Completed", output: { rows, cols, data: output } }
  })

const asked = (stop: StopSignal): Effect.Effect<void> =>
  Effect.callback((resume) => stop.listen(() => resume(Effect.void)))

const noteLoaded = (task: LiveTask, loadedAtMs: number): void => {
  const run = task.runs.pop()!
  task.runs.push({ ...run, loadedAtMs })
}

/** The memory that the task has from an earlier run of the same plan, or new. */
const memoryOf = (
  task: LiveTask,
  noOutput: boolean,
): Effect.Effect<HostMemory, DeviceOutOfMemory> =>
  Effect.suspend(() => {
    const prepared = task.prepared!
    const known = task.hostMemory
    const memory = known?.plan === prepared.plan ? known : hostMemory(prepared, noOutput)
    if (memory instanceof DeviceOutOfMemory) return Effect.fail(memory)
    task.hostMemory = memory
    return Effect.succeed(memory)
  })

const shifted = (ops: ReadonlyArray<OpTiming>, byMs: number): ReadonlyArray<OpTiming> =>
  ops.map(({ name, startMs, endMs }) => ({ name, startMs: byMs + startMs, endMs: byMs + endMs }))
