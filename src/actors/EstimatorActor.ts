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
import type { GraphShape } from "../model/Graph.ts"
import { limits } from "../model/limits.ts"
import { footprintBytes, noDemand, type Plan } from "../model/Plan.ts"
import type { DeviceInfo } from "../model/RunReport.ts"
import type { PlanOption, WaitingTask } from "../model/Snapshot.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import type { Admission } from "./Admission.ts"
import type { LiveTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import { type PlannedWork, PlanShelf } from "./PlanShelf.ts"
import { type PreparedPlan, type PreparedTask, preparedPlans, rolesOf } from "./PreparedTask.ts"
import type { TaskBook } from "./TaskBook.ts"
import type { TimeKeeper } from "./TimeKeeper.ts"

export interface EstimatorOptions {
  readonly book: TaskBook
  readonly prep: PrepPoolService
  readonly device: DeviceInfo
  readonly profile: DeviceProfile
  readonly times: TimeKeeper
  readonly admission: Admission
  /** Refuse tasks larger than the budget (all policies but "unsafe"). */
  readonly refuseTooLarge: boolean
  /** Let tasks run by plans that need less memory and more time. */
  readonly elastic: boolean
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
      const status = task.state === "queued" ? "rejected" : "failed"
      return Effect.andThen(options.book.end(task, { status, reason }), options.onDropped(task))
    }),
    Effect.catchDefect((defect) => options.onDefect("estimator", String(defect))),
  )

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
    const targets = task.spec.nodes === null ? null : task.spec.nodes.length
    const work = { model: task.model, shape: task.graph.shape, targets }
    const all = yield* Effect.fromResult(plansFor(options, shelf, work))
    const { budgetBytes } = options.device
    const fitting = all.filter((one) => footprintBytes(one) <= budgetBytes)
    const plans = options.refuseTooLarge ? fitting : all.slice(0, 1)
    const [plan = all.at(-1)!] = plans
    task.plan = plan
    const bytesNeeded = footprintBytes(plan)
    if (plans.length === 0) return yield* new TooLarge({ bytesNeeded, bytesBudget: budgetBytes })
    const refusal = options.admission.admit(task, {
      ...options.times.predict(task, plan),
      demand: plan.demand ?? noDemand,
      footprintBytes: footprintBytes(plan),
    })
    if (refusal !== null) return yield* refusal
    options.book.move(task, "preparing")
    task.attempts++
    const objects = yield* options.prep.prepare({
      taskId: task.spec.id,
      graph: task.graph,
      model: task.model,
      roles: rolesOf(plans),
      targets: task.spec.nodes,
    })
    const prepared = preparedPlans(plans, objects)
    const waiting = waitingTask(options.times, task, prepared)
    return { ...prepared[0]!, plans: prepared, waiting }
  })

const knownNeeds = new WeakMap<PreparedPlan["residents"], WaitingTask["residents"]>()

/** How a policy sees them; one list for all tasks that share the prepared one. */
const needsOf = (residents: PreparedPlan["residents"]): WaitingTask["residents"] => {
  const known = knownNeeds.get(residents)
  if (known !== undefined) return known
  const needs = residents.map(({ key, bytes }) => ({ key, bytes }))
  knownNeeds.set(residents, needs)
  return needs
}

const waitingTask = (
  times: TimeKeeper,
  task: LiveTask,
  plans: ReadonlyArray<PreparedPlan>,
): WaitingTask => {
  const options = plans.map((plan) => optionOf(times, task, plan))
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
): PlanOption => {
  const { p50Ms, p95Ms } = times.predict(task, plan)
  return {
    arenaBytes: plan.arenaBytes,
    residents: needsOf(residents),
    footprintBytes: footprintBytes(plan),
    predictedMs: p50Ms,
    predictedP95Ms: p95Ms,
    demand: plan.demand ?? noDemand,
  }
}
