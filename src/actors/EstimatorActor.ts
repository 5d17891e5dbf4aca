// The estimator: makes each task's plan (exact bytes, predicted time), refuses what can never fit,
// and has the prep pool make ready what the task needs.
import { Effect, Fiber, FiberSet, Result, type Scope } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import { planTask } from "../cost/planTask.ts"
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
import { ginEps } from "../model/ginEps.ts"
import { limits } from "../model/limits.ts"
import { footprintBytes, noDemand, type Plan } from "../model/Plan.ts"
import type { DeviceInfo } from "../model/RunReport.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import type { Admission } from "./Admission.ts"
import { type LiveTask, mergesWithNobody, type PreparedTask } from "./LiveTask.ts"
import { type ActorOptions, makeActor } from "./Mailbox.ts"
import { neighbourhoodPlan, type ScopedPlan } from "./neighbourhoodPlan.ts"
import type { TaskBook } from "./TaskBook.ts"
import type { PredictedTime, TimeKeeper } from "./TimeKeeper.ts"
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
    const plan = makePlanCache(options)
    const start = (task: LiveTask) =>
      FiberSet.run(fibers, prepareTask(options, plan, task)).pipe(
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
    return { prepare: (task) => mailbox.tell({ _tag: "Prepare", task }), plan }
  })

/** Plans by (model, shape, number of targets); the least recently made goes first. */
const makePlanCache = (options: EstimatorOptions): EstimatorActor["plan"] => {
  const cache = new Map<string, Plan>()
  return (model, shape, targets) => {
    const key = `${model.contentId}|${Object.values(shape).join(",")}|${targets}`
    const known = cache.get(key)
    if (known !== undefined) return Result.succeed(known)
    const made = planTask({
      config: model.config,
      shape,
      targets,
      alignBytes: options.device.alignBytes,
      profile: options.profile,
      ginEps: ginEps(model),
    })
    if (Result.isSuccess(made)) {
      if (cache.size >= limits.planCacheEntries) cache.delete(cache.keys().next().value!)
      cache.set(key, made.success)
    }
    return made
  }
}

const prepareTask = (
  options: EstimatorOptions,
  plan: EstimatorActor["plan"],
  task: LiveTask,
): Effect.Effect<void> =>
  estimate(options, plan, task).pipe(
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
        return prepareTask(options, plan, task)
      }
      const refused = task.state === "queued" || isRefusal(reason)
      const status = refused ? "rejected" : "failed"
      return Effect.andThen(options.book.end(task, { status, reason }), options.onDropped(task))
    }),
    Effect.catchDefect((defect) => options.onDefect("estimator", String(defect))),
  )

const refusals: ReadonlySet<string> = new Set([
  "TooLarge",
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
  planFor: EstimatorActor["plan"],
  task: LiveTask,
): Effect.Effect<PreparedTask, InputError | PrepError | AdmissionError> =>
  Effect.gen(function* () {
    if (task.cancelRequested) return yield* Effect.interrupt
    const { graph, plan, targets } = yield* planOf(options, planFor, task)
    task.plan = plan
    const bytesNeeded = footprintBytes(plan)
    const bytesBudget = options.device.budgetBytes
    if (options.refuseTooLarge && bytesNeeded > bytesBudget) {
      return yield* new TooLarge({ bytesNeeded, bytesBudget })
    }
    const key = options.shareWork ? workKey(task) : null
    const refusal = options.admission.admit(task, {
      ...options.times.predict(task, plan, graph),
      workKey: mayAnswerMany(plan) ? key : null,
      demand: plan.demand ?? noDemand,
      footprintBytes: bytesNeeded,
    })
    if (refusal !== null) return yield* refusal
    beginPreparing(options.book, task)
    const prepared = yield* preparePlan(options, task, { graph, plan, targets })
    if (key === null) return prepared
    const waiting = { ...prepared.waiting, workKey: key }
    return { ...prepared, waiting, merge: mergeKeys(task, plan) }
  })

export type PrepareOptions = Pick<EstimatorOptions, "prep" | "times">

/** Has everything made ready that the plan names. */
export const preparePlan = (
  { prep, times }: PrepareOptions,
  task: LiveTask,
  { graph, plan, targets }: ScopedPlan,
): Effect.Effect<PreparedTask, InputError | PrepError> =>
  Effect.gen(function* () {
    const residents = yield* prep.prepare({
      taskId: task.spec.id,
      graph,
      model: task.model,
      roles: plan.residents.map((slot) => slot.role),
      targets,
    })
    assertExact(plan, residents)
    const waiting = waitingTask(times.predict(task, plan, graph), task, plan, residents)
    return { plan, scope: { graph, targets }, residents, waiting, merge: mergesWithNobody }
  })

const beginPreparing = (book: TaskBook, task: LiveTask): void => {
  if (task.state === "preparing") return
  book.move(task, "preparing")
  task.attempts++
}

/** Of the whole graph, or of the part that the targets depend on where that is much less. */
const planOf = (
  options: EstimatorOptions,
  planFor: EstimatorActor["plan"],
  task: LiveTask,
): Effect.Effect<ScopedPlan, InputError | PrepError> =>
  Effect.gen(function* () {
    const { graph, model, spec } = task
    const targets = spec.nodes
    const plan = yield* Effect.fromResult(planFor(model, graph.shape, targets?.length ?? null))
    const whole = { graph, targets, plan }
    if (targets === null) return whole
    beginPreparing(options.book, task)
    return (yield* neighbourhoodPlan(options, task, plan)) ?? whole
  })

/** So few bytes that a run answers as many tasks as it may. */
const mayAnswerMany = ({ output: { cols, rows } }: Plan): boolean =>
  4 * rows * cols * limits.sharedTasks <= limits.sharedAnswerBytes

/** The planner predicted each resident's bytes from shapes; here are the real ones. */
const assertExact = (plan: Plan, residents: PreparedTask["residents"]): void => {
  for (const [index, slot] of plan.residents.entries()) {
    if (residents[index]!.bytes !== slot.bytes) {
      throw new Error(`${slot.role}: planned ${slot.bytes} bytes, got ${residents[index]!.bytes}`)
    }
  }
}

const waitingTask = (
  { p50Ms, p95Ms }: PredictedTime,
  task: LiveTask,
  plan: Plan,
  residents: PreparedTask["residents"],
): PreparedTask["waiting"] => {
  return {
    id: task.spec.id,
    tenant: task.spec.tenant,
    seq: task.seq,
    submittedAtMs: task.submittedAtMs,
    qosTargetMs: task.spec.deadlineMs,
    priority: task.spec.priority,
    arenaBytes: plan.arenaBytes,
    residents: residents.map(({ key, bytes }) => ({ key, bytes })),
    footprintBytes: footprintBytes(plan),
    predictedMs: p50Ms,
    predictedP95Ms: p95Ms,
    demand: plan.demand ?? noDemand,
  }
}
