// The estimator: makes each task's plan (exact bytes, predicted time), refuses what can never fit,
// and has the prep pool make ready what the task needs.
import { Cause, type Context, Effect, Exit, Fiber, FiberSet, Result, type Scope } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import {
  type AdmissionError,
  type InputError,
  isTransient,
  type PrepError,
  TaskCancelled,
  TooLarge,
} from "../model/errors.ts"
import { FirstAtHand } from "../model/FirstAtHand.ts"
import type { GnnModel } from "../model/GnnModel.ts"
import type { GraphShape } from "../model/Graph.ts"
import type { HostWork } from "../model/HostWork.ts"
import { limits } from "../model/limits.ts"
import { footprintBytes, noDemand, type Plan } from "../model/Plan.ts"
import type { DeviceInfo } from "../model/RunReport.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import type { Admission } from "./Admission.ts"
import { isDone, mapAtHand } from "./atHand.ts"
import type { LiveTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import { neighbourhoodPlan, type ScopedPlans } from "./neighbourhoodPlan.ts"
import { PlanShelf } from "./PlanShelf.ts"
import type { PreparedTask } from "./PreparedTask.ts"
import { plansFor } from "./plansFor.ts"
import { preparePlans } from "./preparePlans.ts"
import { inTurn, type Step } from "./Step.ts"
import type { TaskBook } from "./TaskBook.ts"
import type { TimeKeeper } from "./TimeKeeper.ts"
import { mergeKeys, workKey } from "./workKey.ts"

export interface EstimatorOptions {
  readonly book: TaskBook
  readonly prep: PrepPoolService
  readonly device: DeviceInfo
  readonly profile: DeviceProfile
  readonly times: TimeKeeper
  readonly admission: Admission
  /** Tasks that ask for the same run once. */
  readonly shareWork: boolean
  /** Refuse tasks larger than the budget (all policies but "unsafe"). */
  readonly refuseTooLarge: boolean
  /** Let tasks run by plans that need less memory and more time. */
  readonly elastic: boolean
  /** In simulations: what the host does for a task takes time. */
  readonly hostWork?: HostWork | null
  readonly onReady: (task: LiveTask) => Step
  /** The task left preparation without becoming ready. */
  readonly onDropped: (task: LiveTask) => Step
  readonly onDefect: ActorOptions<never>["onDefect"]
}

export interface EstimatorActor {
  readonly prepare: (task: LiveTask) => Step
  readonly plan: (
    model: GnnModel,
    shape: GraphShape,
    targets: number | null,
  ) => Result.Result<Plan, InputError>
}

type Message = { readonly _tag: "Prepare"; readonly task: LiveTask }

export const makeEstimator = (
  options: EstimatorOptions,
): Effect.Effect<EstimatorActor, never, Scope.Scope> =>
  Effect.gen(function* () {
    const fibers = yield* FiberSet.make<PreparedTask, Failure>()
    const estimator = new Estimator(options, fibers, yield* Effect.context<never>())
    const mailbox = yield* makeActor<Message>({
      name: "estimator",
      handle: (messages) => inTurn(messages, ({ task }) => estimator.begin(task)),
      onDefect: options.onDefect,
    })
    return {
      prepare: (task) => mailbox.tell({ _tag: "Prepare", task }),
      plan: (model, shape, targets) => estimator.shelf.whole({ model, shape, targets }),
    }
  })

type Failure = InputError | PrepError | AdmissionError

class Estimator {
  readonly #options: EstimatorOptions
  readonly shelf: PlanShelf
  /** Of those that wait for a thread of the prep pool. */
  readonly #fibers: FiberSet.FiberSet<PreparedTask, Failure>
  readonly #fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

  constructor(
    options: EstimatorOptions,
    fibers: FiberSet.FiberSet<PreparedTask, Failure>,
    context: Context.Context<never>,
  ) {
    this.#options = options
    this.shelf = new PlanShelf({ alignBytes: options.device.alignBytes, profile: options.profile })
    this.#fibers = fibers
    this.#fork = Effect.runForkWith(context)
  }

  /** What is at hand is done at once; the next task waits for no thread. */
  begin(task: LiveTask): Step {
    const estimated = estimate(this.#options, this.shelf, task)
    if (isDone(estimated)) return this.#settle(task, estimated)
    const fiber = this.#fork(estimated)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.#settle(task, exit)
    FiberSet.addUnsafe(this.#fibers, fiber)
    task.abort = () => Fiber.interrupt(fiber)
    fiber.addObserver((end) => {
      const rest = this.#settle(task, end)
      if (rest !== null) this.#fork(rest)
    })
    return null
  }

  #settle(task: LiveTask, exit: Exit.Exit<PreparedTask, Failure>): Step {
    const { book, onDefect, onDropped, onReady } = this.#options
    if (Exit.isSuccess(exit)) {
      task.prepared = exit.value
      task.abort = null
      book.move(task, "ready")
      return onReady(task)
    }
    const reason = exit.cause.reasons.find(Cause.isFailReason)?.error
    if (reason !== undefined && isTransient(reason) && task.attempts <= limits.maxRetries) {
      book.move(task, "queued")
      return this.begin(task)
    }
    if (reason !== undefined) {
      const refused = task.state === "queued" || isRefusal(reason)
      book.end(task, { status: refused ? "rejected" : "failed", reason })
      return onDropped(task)
    }
    if (!Cause.hasInterruptsOnly(exit.cause)) {
      onDefect("estimator", Cause.pretty(exit.cause))
      return null
    }
    const cancelled = new TaskCancelled({ id: task.spec.id, state: task.state })
    book.end(task, { status: "cancelled", reason: cancelled })
    return onDropped(task)
  }
}

/** What looks at no memory runs whole plans alone. */
const isElastic = ({ elastic, refuseTooLarge }: EstimatorOptions): boolean =>
  elastic && refuseTooLarge

const refusals: ReadonlySet<string> = new Set([
  "TooLarge",
  "QueueFull",
  "DeadlineInfeasible",
  "QuotaExceeded",
] satisfies ReadonlyArray<AdmissionError["_tag"]>)

/** The task was not taken; else it was taken and could not be prepared. */
const isRefusal = ({ _tag }: { readonly _tag: string }): boolean => refusals.has(_tag)

const estimate = (
  options: EstimatorOptions,
  shelf: PlanShelf,
  task: LiveTask,
): Effect.Effect<PreparedTask, Failure> => {
  if (task.cancelRequested) return Effect.interrupt
  const { graph, model, spec } = task
  const targets = spec.nodes
  const take = (scoped: ScopedPlans) => {
    const { hostWork = null } = options
    return hostWork === null
      ? takeAndPrepare(options, task, scoped)
      : Effect.andThen(
          hostWork.takeIn(shelf.takeNewOps()),
          Effect.suspend(() => takeAndPrepare(options, task, scoped)),
        )
  }
  const work = { model, shape: graph.shape, targets: targets?.length ?? null }
  const planned = shelf.whole(work)
  if (Result.isFailure(planned)) return Effect.fail(planned.failure)
  const whole = planned.success
  const takeWhole = () => {
    const plans = isElastic(options)
      ? plansFor(work, whole, shelf, options.device.budgetBytes)
      : new FirstAtHand(whole)
    return take({ graph, targets, plans })
  }
  if (targets === null) return takeWhole()
  beginPreparing(options.book, task)
  return Effect.flatMap(neighbourhoodPlan(options, task, whole), (part) =>
    part === null ? takeWhole() : take(part),
  )
}

/** Unless it fits by no plan, or admission has something against it. */
const takeAndPrepare = (
  options: EstimatorOptions,
  task: LiveTask,
  scoped: ScopedPlans,
): Effect.Effect<PreparedTask, Failure> => {
  const { budgetBytes } = options.device
  const plan = scoped.plans.first
  task.plan = plan
  const bytesNeeded = footprintBytes(plan)
  if (options.refuseTooLarge && bytesNeeded > budgetBytes) {
    return Effect.fail(new TooLarge({ bytesNeeded, bytesBudget: budgetBytes }))
  }
  const key = options.shareWork ? workKey(task) : null
  const { p50Ms, p95Ms } = options.times.predict(task, plan, scoped.graph)
  const refusal = options.admission.admit(task, {
    p50Ms,
    p95Ms,
    overheadMs: options.times.overheadMs,
    workKey: mayAnswerMany(plan) ? key : null,
    demand: plan.demand ?? noDemand,
    footprintBytes: bytesNeeded,
  })
  if (refusal !== null) return Effect.fail(refusal)
  beginPreparing(options.book, task)
  const prepared = preparePlans(options, task, scoped)
  if (key === null) return prepared
  return mapAtHand(prepared, (made) => {
    const waiting = { ...made.waiting, workKey: key }
    return { ...made, waiting, merge: mergeKeys(task, plan) }
  })
}

const beginPreparing = (book: TaskBook, task: LiveTask): void => {
  if (task.state === "preparing") return
  book.move(task, "preparing")
  task.attempts++
}

/** So few bytes that a run answers as many tasks as it may. */
const mayAnswerMany = ({ output: { cols, rows } }: Plan): boolean =>
  4 * rows * cols * limits.sharedTasks <= limits.sharedAnswerBytes
