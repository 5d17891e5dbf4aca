// The supervisor: starts the actors in the order in which they know each other, starts a lost
// lane's executor again within a bound, and ends every task when an invariant breaks.
import { Deferred, Effect, type Scope } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import type { Device } from "../device/Device.ts"
import type { TaskError } from "../model/errors.ts"
import { RuntimeFailed } from "../model/errors.ts"
import type { GnnModel } from "../model/GnnModel.ts"
import type { Graph } from "../model/Graph.ts"
import type { HostWork } from "../model/HostWork.ts"
import { shares } from "../model/Interference.ts"
import { limits } from "../model/limits.ts"
import type { TenantInfo } from "../model/RunReport.ts"
import type { Policy, Preempt, SchedulingMode } from "../model/Snapshot.ts"
import type { TaskSpec } from "../model/Task.ts"
import { preemptForTargets } from "../policy/preempt.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import { Admission, type AdmitMode } from "./Admission.ts"
import { type EstimatorActor, makeEstimator } from "./EstimatorActor.ts"
import { type ExecutorActor, makeExecutor } from "./ExecutorActor.ts"
import { Ledger } from "./Ledger.ts"
import type { LiveTask, TaskSuccess } from "./LiveTask.ts"
import { makeQueue, type QueueActor } from "./QueueActor.ts"
import { RunLog } from "./RunLog.ts"
import { makeScheduler, type SchedulerActor } from "./SchedulerActor.ts"
import { effectOf } from "./Step.ts"
import { makeStopwatch, type Stopwatch } from "./Stopwatch.ts"
import { TaskBook } from "./TaskBook.ts"
import { TimeKeeper } from "./TimeKeeper.ts"

export interface SystemOptions {
  readonly device: Device
  readonly prep: PrepPoolService
  readonly profile: DeviceProfile
  readonly policy: Policy
  /** How the policy stops what runs for what is urgent; null where it does not. */
  readonly preempt: Preempt | null
  /** The policy goes by the turns of promises. */
  readonly takesTurns: boolean
  /** Takes whom admission would refuse for its deadline; default: not. */
  readonly takesLate?: boolean
  /** Weights for fair sharing; a tenant that is not listed weighs 1. */
  readonly tenants: ReadonlyArray<TenantInfo>
  readonly mode: SchedulingMode
  /** "deadline": a task whose deadline cannot be promised is refused. */
  readonly admit: AdmitMode
  /** Tasks that ask for the same run once. */
  readonly shareWork: boolean
  readonly refuseTooLarge: boolean
  /** Let tasks run by plans that need less memory and more time. */
  readonly elastic: boolean
  readonly expireLate: boolean
  readonly maxQueuedTasks: number
  /** In simulations: what the host does takes time. */
  readonly hostWork?: HostWork | null
  readonly maxQueuedBytes: number
  /** Ended tasks kept for the report, with their decisions and changes of the pool. */
  readonly historyTasks: number
}

/** The running system: verbs only. */
export interface ActorSystem {
  readonly book: TaskBook
  readonly log: RunLog
  readonly ledger: Ledger
  readonly estimator: EstimatorActor
  readonly submit: (spec: TaskSpec, graph: Graph, model: GnnModel) => LiveTask
  /** Settles when the task has ended; at once for one that has. */
  readonly cancel: (task: LiveTask) => Effect.Effect<void>
  /** Refuses what comes later. */
  readonly closeQueue: Effect.Effect<void>
  /** Settles when every task that was submitted has ended. */
  readonly drain: Effect.Effect<void>
}

export const startSystem = (
  options: SystemOptions,
): Effect.Effect<ActorSystem, never, Scope.Scope> =>
  Effect.gen(function* () {
    const stopwatch = yield* makeStopwatch
    const book = new TaskBook(stopwatch, options.historyTasks)
    const log = new RunLog(options.historyTasks)
    const ledger = new Ledger({ device: options.device, stopwatch, log })
    const broken = { reason: null as RuntimeFailed | null }
    const onDefect = (actor: string, reason: string) => {
      broken.reason ??= new RuntimeFailed({ actor, reason })
      endAll(book, broken.reason)
    }
    const executors: Array<ExecutorActor> = []
    const times = new TimeKeeper(options.profile, stopwatch, options.device.progress)
    const { lanes } = options.device.info
    const { interference = shares } = options.profile
    const admission = new Admission({
      ...options,
      lanes,
      interference,
      stopwatch,
      stopsForTargets: options.preempt === preemptForTargets,
      running: () => scheduler.running(),
    })
    book.listen((_id, _state, task) => admission.moved(task))
    const scheduler = yield* makeScheduler({
      ...options,
      book,
      ledger,
      log,
      stopwatch,
      merging: { ...options, device: options.device.info, times, nowMs: stopwatch.nowMs },
      dispatch: (lane, run) => executors[lane]!.run(run),
      onDefect,
    })
    yield* startLanes({ options, ledger, stopwatch, scheduler, executors, times, onDefect })
    const estimator = yield* makeEstimator({
      ...options,
      device: options.device.info,
      book,
      times,
      admission,
      onReady: scheduler.ready,
      onDropped: scheduler.dropped,
      onDefect,
    })
    const queue = yield* makeQueue({
      ...options,
      book,
      onAccepted: estimator.prepare,
      broken: () => broken.reason,
      onDefect,
    })
    const submit = makeSubmit({ queue, stopwatch })
    const drain = Effect.andThen(queue.flush, book.idle)
    return { book, log, ledger, estimator, submit, cancel, closeQueue: queue.close, drain }
  })

interface LaneOptions {
  readonly options: SystemOptions
  readonly ledger: Ledger
  readonly stopwatch: Stopwatch
  readonly scheduler: SchedulerActor
  readonly executors: Array<ExecutorActor>
  readonly times: TimeKeeper
  readonly onDefect: (actor: string, reason: string) => void
}

const startLanes = (lanes: LaneOptions): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { lanes: count } = lanes.options.device.info
    const alive = { count }
    for (let lane = 0; lane < count; lane++) yield* startLane(lanes, lane, alive)
  })

/** An executor that loses its lane is started again, `maxLaneRestarts` times at most. */
const startLane = (
  { options, ledger, stopwatch, scheduler, executors, times, onDefect }: LaneOptions,
  lane: number,
  alive: { count: number },
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const start = Effect.gen(function* () {
      const executor = yield* makeExecutor({
        lane,
        device: options.device,
        ledger,
        stopwatch,
        onRunStart: ({ task }) => times.started(task),
        onRunEnd: ({ task, firstOp }, runMs) => times.ended(task, runMs, firstOp),
        onFinished: scheduler.finished,
      })
      executors[lane] = executor
      yield* effectOf(() => scheduler.laneUp(lane))
      return executor
    })
    const supervise = Effect.gen(function* () {
      for (let restarts = 0; restarts <= limits.maxLaneRestarts; restarts++) {
        const executor = yield* start
        yield* Effect.ignore(executor.life)
      }
      if (--alive.count === 0) yield* effectOf(scheduler.noLanes)
    })
    yield* supervise.pipe(
      Effect.catchDefect((defect) =>
        Effect.sync(() => onDefect(`executor ${lane}`, String(defect))),
      ),
      Effect.forkScoped,
    )
  })

const noOps: LiveTask["ops"] = []

const makeSubmit = (parts: {
  readonly queue: QueueActor
  readonly stopwatch: Stopwatch
}): ActorSystem["submit"] => {
  let nextSeq = 0
  return (spec, graph, model) => {
    const task: LiveTask = {
      spec,
      seq: nextSeq++,
      graph,
      model,
      submittedAtMs: parts.stopwatch.nowMs(),
      done: Deferred.makeUnsafe<TaskSuccess, TaskError>(),
      state: "queued",
      cancelRequested: false,
      abort: null,
      attempts: 0,
      admitted: null,
      prepared: null,
      pause: null,
      plan: null,
      group: null,
      lane: null,
      readyAtMs: null,
      startedAtMs: null,
      measuredPeakBytes: null,
      ops: noOps,
      runs: [],
      sharedWith: null,
      members: null,
      hostMemory: null,
    }
    parts.queue.submit(task)
    return task
  }
}

/** The stage that has the task stops it; where it lies in a mailbox, the stage that takes it out. */
const cancel: ActorSystem["cancel"] = (task) =>
  Effect.suspend(() => {
    task.cancelRequested = true
    return task.abort?.(task) ?? Effect.void
  }).pipe(Effect.andThen(Effect.exit(Deferred.await(task.done))), Effect.asVoid)

const endAll = (book: TaskBook, reason: RuntimeFailed): void => {
  for (const task of book.live()) book.end(task, { status: "failed", reason })
}
