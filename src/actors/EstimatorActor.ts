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
import type { GnnModel } from "../model/GnnModel.ts"
import type { Graph, GraphShape } from "../model/Graph.ts"
import type { HostWork } from "../model/HostWork.ts"
import { limits } from "../model/limits.ts"
import { footprintBytes, noDemand, type Plan } from "../model/Plan.ts"
import type { DeviceInfo } from "../model/RunReport.ts"
import type { PlanOption, WaitingTask } from "../model/Snapshot.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import type { Admission } from "./Admission.ts"
import type { LiveTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import { neighbourhoodPlan, type ScopedPlans } from "./neighbourhoodPlan.ts"
import { type PlannedWork, PlanShelf } from "./PlanShelf.ts"
import {
  mergesWithNobody,
  type PreparedPlan,
  type PreparedTask,
  preparedPlans,
  rolesOf,
} from "./PreparedTask.ts"
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

/** A task whose whole plan takes less than this part of the device is not given smaller ones. */
const elasticShare = 1 / 16

/** The whole plan, and for a task that takes much of the device smaller ones. */
const plansFor = (
  { device, elastic }: EstimatorOptions,
  shelf: PlanShelf,
  work: PlannedWork,
): Result.Result<ReadonlyArray<Plan>, InputError> =>
  Result.flatMap(shelf.whole(work), (whole) =>
    elastic && footprintBytes(whole) > elasticShare * device.budgetBytes
      ? shelf.all(work)
      : Result.succeed([whole]),
  )

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
  const opsBefore = shelf.plannedOps
  const take = (scoped: ScopedPlans) => {
    const { hostWork = null } = options
    return hostWork === null
      ? takeAndPrepare(options, task, scoped)
      : Effect.andThen(
          hostWork.takeIn(shelf.plannedOps - opsBefore),
          Effect.suspend(() => takeAndPrepare(options, task, scoped)),
        )
  }
  const work = { model, shape: graph.shape, targets: targets?.length ?? null }
  const plans = plansFor(options, shelf, work)
  if (Result.isFailure(plans)) return Effect.fail(plans.failure)
  const whole = { graph, targets, plans: plans.success }
  if (targets === null) return take(whole)
  beginPreparing(options.book, task)
  return Effect.flatMap(neighbourhoodPlan(options, task, whole.plans[0]!), (part) =>
    take(part ?? whole),
  )
}

/** By the plans that fit, unless admission has something against it. */
const takeAndPrepare = (
  options: EstimatorOptions,
  task: LiveTask,
  { graph, plans: all, targets }: ScopedPlans,
): Effect.Effect<PreparedTask, Failure> => {
  const { budgetBytes } = options.device
  const fits = (one: Plan) => footprintBytes(one) <= budgetBytes
  const fitting = all.every(fits) ? all : all.filter(fits)
  const plans = options.refuseTooLarge ? fitting : all.slice(0, 1)
  const [plan = all.at(-1)!] = plans
  task.plan = plan
  const bytesNeeded = footprintBytes(plan)
  if (plans.length === 0) {
    return Effect.fail(new TooLarge({ bytesNeeded, bytesBudget: budgetBytes }))
  }
  const key = options.shareWork ? workKey(task) : null
  const { p50Ms, p95Ms } = options.times.predict(task, plan, graph)
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
  const prepared = preparePlans(options, task, { graph, targets, plans })
  if (key === null) return prepared
  return mapAtHand(prepared, (made) => {
    const waiting = { ...made.waiting, workKey: key }
    return { ...made, waiting, merge: mergeKeys(task, plan) }
  })
}

/** It has been done: nothing has to be waited for. */
const isDone = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

/** At once where it is there already, as most of what a task needs was made for others. */
const mapAtHand = <A, B, E>(
  effect: Effect.Effect<A, E>,
  f: (value: A) => B,
): Effect.Effect<B, E> => (isDone(effect) ? Exit.map(effect, f) : Effect.map(effect, f))

export type PrepareOptions = Pick<EstimatorOptions, "prep" | "times">

/** Has everything made ready that the plans name. */
export const preparePlans = (
  { prep, times }: PrepareOptions,
  task: LiveTask,
  { graph, plans, targets }: ScopedPlans,
): Effect.Effect<PreparedTask, InputError | PrepError> => {
  const { model, spec } = task
  const request = { taskId: spec.id, graph, model, roles: rolesOf(plans), targets }
  return mapAtHand(prep.prepare(request), (objects) => {
    const prepared = preparedPlans(plans, objects)
    const options = prepared.map((one) => optionOf(times, task, one, graph))
    const waiting = waitingTask(task, options)
    const scope = { graph, targets }
    const { host, plan, residents } = prepared[0]!
    return { plan, residents, host, plans: prepared, scope, merge: mergesWithNobody, waiting }
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

const knownNeeds = new WeakMap<PreparedPlan["residents"], WaitingTask["residents"]>()

/** How a policy sees them; one list for all tasks that share the prepared one. */
const needsOf = (residents: PreparedPlan["residents"]): WaitingTask["residents"] => {
  const known = knownNeeds.get(residents)
  if (known !== undefined) return known
  const needs = residents.map(({ key, bytes }) => ({ key, bytes }))
  knownNeeds.set(residents, needs)
  return needs
}

const waitingTask = (task: LiveTask, options: ReadonlyArray<PlanOption>): WaitingTask => {
  const { deadlineMs, id, priority, tenant } = task.spec
  const [first] = options as readonly [PlanOption]
  const waiting: WaitingTask = {
    id,
    tenant,
    seq: task.seq,
    submittedAtMs: task.submittedAtMs,
    qosTargetMs: deadlineMs,
    priority,
    arenaBytes: first.arenaBytes,
    residents: first.residents,
    footprintBytes: first.footprintBytes,
    predictedMs: first.predictedMs,
    predictedP95Ms: first.predictedP95Ms,
    demand: first.demand,
  }
  return options.length > 1 ? { ...waiting, options } : waiting
}

const optionOf = (
  times: TimeKeeper,
  task: LiveTask,
  { plan, residents }: PreparedPlan,
  graph: Graph,
): PlanOption => {
  const { p50Ms, p95Ms } = times.predict(task, plan, graph)
  return {
    arenaBytes: plan.arenaBytes,
    residents: needsOf(residents),
    footprintBytes: footprintBytes(plan),
    predictedMs: p50Ms,
    predictedP95Ms: p95Ms,
    demand: plan.demand ?? noDemand,
  }
}
