// One executor per lane: uploads what is missing, runs the plan on its lane, reports the outcome.
// It holds one task at a time. When the lane is lost it stops; the supervisor starts another.
import { Cause, Deferred, Effect, Exit, Fiber, Scheduler } from "effect"
import type { Completion, Device } from "../device/Device.ts"
import type { StopSignal } from "../device/StopSignal.ts"
import { type DeviceError, DeviceOutOfMemory, LaneLost } from "../model/errors.ts"
import type { OpTiming, TaskOutput } from "../model/Task.ts"
import { type HostMemory, hostMemory } from "./HostMemory.ts"
import type { Holding, Ledger } from "./Ledger.ts"
import type { LiveTask } from "./LiveTask.ts"
import type { Step } from "./Step.ts"
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
  | { readonly _tag: "Preempted"; readonly opsDone: number }

export interface ExecutorOptions {
  readonly lane: number
  readonly device: Device
  readonly ledger: Ledger
  readonly stopwatch: Stopwatch
  /** The plan goes to the lane: uploads are done. */
  readonly onRunStart: (run: RunTask) => void
  /** It left the lane; `runMs` is null where it did not run to its end. */
  readonly onRunEnd: (run: RunTask, runMs: number | null) => void
  readonly onFinished: (run: RunTask, outcome: RunOutcome) => Step
}

export interface ExecutorActor {
  /** The scheduler gives a lane one task at a time. */
  readonly run: (run: RunTask) => void
  /** Ends only by failing, when the lane is lost. */
  readonly life: Effect.Effect<never, LaneLost>
}

export const makeExecutor = (options: ExecutorOptions): Effect.Effect<ExecutorActor> =>
  Effect.gen(function* () {
    const fork = Effect.runForkWith(yield* Effect.context<never>())
    const dispatcher = (yield* Scheduler.Scheduler).makeDispatcher()
    const executor = new Executor(options, fork)
    return {
      // After what is being decided now: a run that is stopped at once need not begin.
      run: (run) => dispatcher.scheduleTask(() => executor.begin(run), 0),
      life: executor.life,
    }
  })

/** What a lane does with a run; the fiber of its plan is the only one. */
class Executor {
  readonly #options: ExecutorOptions
  readonly #fork: ReturnType<typeof Effect.runForkWith<never>>
  readonly #lost = Deferred.makeUnsafe<never, LaneLost>()
  #fiber: Fiber.Fiber<Completion | null, DeviceError> | null = null
  /** When the plan went to the lane; null before. */
  #started = false

  constructor(options: ExecutorOptions, fork: ReturnType<typeof Effect.runForkWith<never>>) {
    this.#options = options
    this.#fork = fork
  }

  get life(): Effect.Effect<never, LaneLost> {
    return Effect.onInterrupt(Deferred.await(this.#lost), () =>
      this.#fiber === null ? Effect.void : Fiber.interrupt(this.#fiber),
    )
  }

  begin(run: RunTask): void {
    const { task } = run
    if (this.#fiber !== null) throw new Error(`lane ${this.#options.lane}: a second task`)
    this.#started = false
    const fiber = this.#fork(this.#plan(run))
    this.#fiber = fiber
    task.abort = () => Fiber.interrupt(fiber)
    fiber.addObserver((exit) => this.#ended(run, exit))
    if (task.cancelRequested) fiber.interruptUnsafe()
  }

  /** Loads what is missing, then runs the plan; null where it was stopped before. */
  #plan(run: RunTask): Effect.Effect<Completion | null, DeviceError> {
    const { holding, stop, task } = run
    const { ledger } = this.#options
    const { residents } = task.prepared!
    const submit = () => this.#submit(run)
    if (ledger.isLoaded(residents)) {
      ledger.loaded(holding)
      return Effect.suspend(submit)
    }
    return Effect.flatMap(Effect.raceFirst(ledger.load(holding, residents), asked(stop)), submit)
  }

  #submit(run: RunTask): Effect.Effect<Completion | null, DeviceError> {
    const { firstOp, holding, stop, task } = run
    const { device, lane, stopwatch } = this.#options
    if (stop.asked) return Effect.succeed(null)
    const memory = memoryOf(task, device.noOutput === true)
    if (memory instanceof DeviceOutOfMemory) return Effect.fail(memory)
    noteLoaded(task, stopwatch.nowMs())
    this.#started = true
    this.#options.onRunStart(run)
    return device.submit({
      lane,
      plan: task.prepared!.plan,
      arena: holding.arena,
      residents: holding.residents,
      host: memory.arrays,
      output: memory.output,
      priority: task.spec.priority,
      taskId: task.spec.id,
      firstOp,
      stop,
    })
  }

  #ended(run: RunTask, exit: Exit.Exit<Completion | null, DeviceError>): void {
    try {
      run.task.abort = null
      this.#fiber = null
      const outcome = this.#outcomeOf(run, exit)
      const rest = this.#options.onFinished(run, outcome)
      if (rest !== null) this.#fork(rest)
      if (outcome._tag !== "Failed" || outcome.reason._tag !== "LaneLost") return
      const { lane } = this.#options
      Deferred.doneUnsafe(this.#lost, Effect.fail(new LaneLost({ lane, transient: true })))
    } catch (defect) {
      Deferred.doneUnsafe(this.#lost, Effect.die(defect))
    }
  }

  #outcomeOf(run: RunTask, exit: Exit.Exit<Completion | null, DeviceError>): RunOutcome {
    const completion = Exit.isSuccess(exit) ? exit.value : null
    if (this.#started) {
      const ranToEnd = completion !== null && !completion.cancelled
      this.#options.onRunEnd(run, ranToEnd ? completion.runMs : null)
    }
    if (Exit.isFailure(exit)) return failureOf(exit.cause)
    const { firstOp, task } = run
    if (completion === null) return { _tag: "Preempted", opsDone: firstOp }
    const laneStartMs = this.#options.stopwatch.nowMs() - completion.runMs
    const before = firstOp === 0 ? [] : task.ops
    task.ops = [...before, ...shifted(completion.ops, laneStartMs)]
    if (completion.cancelled) return { _tag: "Preempted", opsDone: completion.opsDone }
    task.measuredPeakBytes = completion.measuredPeakBytes
    const { cols, rows } = task.prepared!.plan.output
    const shown = this.#options.device.noOutput === true ? 0 : rows
    return { _tag: "Completed", output: { rows: shown, cols, data: task.hostMemory!.output } }
  }
}

const failureOf = (cause: Cause.Cause<DeviceError>): RunOutcome => {
  const reason = cause.reasons.find(Cause.isFailReason)
  if (reason !== undefined) return { _tag: "Failed", reason: reason.error }
  if (Cause.hasInterruptsOnly(cause)) return { _tag: "Cancelled" }
  throw new Error(Cause.pretty(cause))
}

const asked = (stop: StopSignal): Effect.Effect<void> =>
  Effect.callback((resume) => stop.listen(() => resume(Effect.void)))

const noteLoaded = (task: LiveTask, loadedAtMs: number): void => {
  const run = task.runs.pop()!
  task.runs.push({ ...run, loadedAtMs })
}

/** The memory that the task has from an earlier run of the same plan, or new. */
const memoryOf = (task: LiveTask, noOutput: boolean): HostMemory | DeviceOutOfMemory => {
  const prepared = task.prepared!
  const known = task.hostMemory
  const memory = known?.plan === prepared.plan ? known : hostMemory(prepared, noOutput)
  if (!(memory instanceof DeviceOutOfMemory)) task.hostMemory = memory
  return memory
}

const shifted = (ops: ReadonlyArray<OpTiming>, byMs: number): ReadonlyArray<OpTiming> =>
  ops.map(({ name, startMs, endMs }) => ({ name, startMs: byMs + startMs, endMs: byMs + endMs }))
