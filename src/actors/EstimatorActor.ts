// The estimator: makes each task's plan (exact bytes, predicted time), refuses what can never fit,
// and has the prep pool make ready what the task needs.
import { Effect, Fiber, FiberSet, Result, type Scope } from "effect"
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
  readonly onReady: (task: LiveTask) => Effect.Effect<void>
  /** The task left preparation without becoming ready. */
  readonly onDropped: (task: LiveTask) => Effect.Effect<void>
  readonly onDefect: ActorOptions<never>["onDefect"]
}

export interface EstimatorActor {
  readonly prepare: (task: LiveTask) => Effect.Effect<void>
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
    const fibers = yield* FiberSet.make<void>()
    const { alignBytes } = options.device
    const shelf = new PlanShelf({ alignBytes, profile: options.profile })
    const start = (task: LiveTask) =>
      FiberSet.run(fibers, prepareTask(options, shelf, task)).pipe(
        Effect.map((fiber) => {
          const mine = task.state === "queued" || task.state === "preparing"
          task.abort = mine ? Fiber.interrupt(fiber) : task.abort
          return fiber
        }),
      )
    const mailbox = yield* makeActor<Message>({
      name: "estimator",
      handle: (messages) => Effect.forEach(messages, ({ task }) => start(task), { discard: true }),
      onDefect: options.onDefect,
    })
    return {
      prepare: (task) => mailbox.tell({ _tag: "Prepare", task }),
      plan: (model, shape, targets) => shelf.whole({ model, shape, targets }),
    }
  })

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

const prepareTask = (
  options: EstimatorOptions,
  shelf: PlanShelf,
  task: LiveTask,
): Effect.Effect<void> =>
  estimate(options, shelf, task).pipe(
    Effect.flatMap((prepared) => {
      task.prepared = prepared
      task.abort = null
      options.book.move(task, "ready")
      return options.onReady(task)
    }),
    Effect.onInterrupt(() => endCancelled(options, task)),
    Effect.catch((reason) => {
      if (isTransient(reason) && task.attempts <= limits.maxRetries) {
        options.book.move(task, "queued")
        return prepareTask(options, shelf, task)
      }
      const refused = task.state === "queued" || isRefusal(reason)
      const status = refused ? "rejected" : "failed"
      return Effect.andThen(options.book.end(task, { status, reason }), options.onDropped(task))
    }),
    Effect.catchDefect((defect) => options.onDefect("estimator", String(defect))),
  )

const refusals: ReadonlySet<string> = new Set([
  "TooLarge",
  "QueueFull",
  "DeadlineInfeasible",
  "QuotaExceeded",
] satisfies ReadonlyArray<AdmissionError["_tag"]>)

/** The task was not taken; else it was taken and could not be prepared. */
const isRefusal = ({ _tag }: { readonly _tag: string }): boolean => refusals.has(_tag)

const endCancelled = (options: EstimatorOptions, task: LiveTask): Effect.Effect<void> =>
  Effect.andThen(
    options.book.end(task, {
      status: "cancelled",
      reason: new TaskCancelled({ id: task.spec.id, state: task.state }),
    }),
    options.onDropped(task),
  )

const estimate = (
  options: EstimatorOptions,
  shelf: PlanShelf,
  task: LiveTask,
): Effect.Effect<PreparedTask, InputError | PrepError | AdmissionError> =>
  Effect.gen(function* () {
    if (task.cancelRequested) return yield* Effect.interrupt
    const opsBefore = shelf.plannedOps
    const { plans: all, ...scope } = yield* plansOf(options, shelf, task)
    if (options.hostWork) yield* options.hostWork.takeIn(shelf.plannedOps - opsBefore)
    const { budgetBytes } = options.device
    const fitting = all.filter((one) => footprintBytes(one) <= budgetBytes)
    const plans = options.refuseTooLarge ? fitting : all.slice(0, 1)
    const [plan = all.at(-1)!] = plans
    task.plan = plan
    const bytesNeeded = footprintBytes(plan)
    if (plans.length === 0) return yield* new TooLarge({ bytesNeeded, bytesBudget: budgetBytes })
    const key = options.shareWork ? workKey(task) : null
    const refusal = options.admission.admit(task, {
      ...options.times.predict(task, plan, scope.graph),
      overheadMs: options.times.overheadMs,
      workKey: mayAnswerMany(plan) ? key : null,
      demand: plan.demand ?? noDemand,
      footprintBytes: footprintBytes(plan),
    })
    if (refusal !== null) return yield* refusal
    beginPreparing(options.book, task)
    const prepared = yield* preparePlans(options, task, { ...scope, plans })
    if (key === null) return prepared
    const waiting = { ...prepared.waiting, workKey: key }
    return { ...prepared, waiting, merge: mergeKeys(task, plan) }
  })

export type PrepareOptions = Pick<EstimatorOptions, "prep" | "times">

/** Has everything made ready that the plans name. */
export const preparePlans = (
  { prep, times }: PrepareOptions,
  task: LiveTask,
  { graph, plans, targets }: ScopedPlans,
): Effect.Effect<PreparedTask, InputError | PrepError> =>
  Effect.gen(function* () {
    const roles = rolesOf(plans)
    const { model, spec } = task
    const objects = yield* prep.prepare({ taskId: spec.id, graph, model, roles, targets })
    const prepared = preparedPlans(plans, objects)
    const options = prepared.map((one) => optionOf(times, task, one, graph))
    const waiting = waitingTask(task, options)
    const scope = { graph, targets }
    return { ...prepared[0]!, plans: prepared, scope, merge: mergesWithNobody, waiting }
  })

const beginPreparing = (book: TaskBook, task: LiveTask): void => {
  if (task.state === "preparing") return
  book.move(task, "preparing")
  task.attempts++
}

/** Of the whole graph, or of the part that the targets depend on where that is much less. */
const plansOf = (
  options: EstimatorOptions,
  shelf: PlanShelf,
  task: LiveTask,
): Effect.Effect<ScopedPlans, InputError | PrepError> =>
  Effect.gen(function* () {
    const { graph, model, spec } = task
    const targets = spec.nodes
    const work = { model, shape: graph.shape, targets: targets?.length ?? null }
    const plans = yield* Effect.fromResult(plansFor(options, shelf, work))
    const whole = { graph, targets, plans }
    if (targets === null) return whole
    beginPreparing(options.book, task)
    return (yield* neighbourhoodPlan(options, task, plans[0]!)) ?? whole
  })

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
  return {
    id: task.spec.id,
    tenant: task.spec.tenant,
    seq: task.seq,
    submittedAtMs: task.submittedAtMs,
    qosTargetMs: task.spec.deadlineMs,
    priority: task.spec.priority,
    ...options[0]!,
    ...(options.length > 1 ? { options } : {}),
  }
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
