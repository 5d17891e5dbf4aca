// The simulated device: no numerics, only time and memory. A plan takes its predicted time, times
// jitter, times the slowdown of what runs beside it; an upload takes its bytes over the host link,
// one at a time. The pool is accounted for and checked as on any device.
import { Clock, Deferred, Effect, Exit, Fiber, Scope, Semaphore } from "effect"
import { type DeviceError, DeviceUnavailable, PlanRefused } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { footprintBytes, noDemand } from "../../model/Plan.ts"
import { opEndsMs, workBefore } from "../../model/planWork.ts"
import type { DeviceInfo } from "../../model/RunReport.ts"
import type { Completion, Device, LaneProgress, SubmitRequest } from "../Device.ts"
import { GrantBook } from "../GrantBook.ts"
import { type AlarmClock, alarmOf } from "./AlarmClock.ts"
import { jitterOf } from "./jitter.ts"
import { opTimings } from "./opTimings.ts"
import { type SharedRun, SharedTime, type Slowdown } from "./SharedTime.ts"
import type { Occupy } from "./simHost.ts"

export interface SimDeviceOptions {
  readonly name: string
  readonly lanes: number
  readonly memoryBytes: number
  readonly alignBytes: number
  /** How co-located runs slow each other. */
  readonly slowdown: Slowdown
  /** What a submission takes besides its run; the lane is taken, nothing is slowed. */
  readonly taskOverheadMs: number
  /** From host memory to the device. */
  readonly hostBytesPerSecond: number
  readonly seed: number
  /** Standard deviation of the logarithm of a task's run time; 0 for none. */
  readonly jitter: number
  /** Whether completions carry a time for each operator. */
  readonly opTimings: boolean
}

export interface SimDevice extends Device {
  /** Lets something else than a plan take time beside what runs. */
  readonly occupy: Occupy
}

interface SimState {
  readonly options: SimDeviceOptions
  readonly book: GrantBook
  readonly time: SharedTime
  /** What runs on each lane. */
  readonly lanes: Array<SimRun | null>
  readonly hostLink: Semaphore.Semaphore
  readonly alarm: AlarmClock["alarm"]
  readonly nowMs: () => number
  /** When the alarm that counts goes off; those set for later are ignored. */
  alarmMs: number
  closed: boolean
}

export const openSimDevice = (
  options: SimDeviceOptions,
): Effect.Effect<SimDevice, DeviceUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const { alignBytes, lanes, memoryBytes, name } = options
    const reason = optionsFault(options)
    if (reason !== null) return yield* new DeviceUnavailable({ device: "sim", reason })
    const clock = yield* Clock.Clock
    // Closed after the runtime, which waits for what runs: without alarms that would never end.
    const alarms = yield* Scope.make()
    yield* Effect.addFinalizer((exit) => Scope.close(alarms, exit))
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const state: SimState = {
      options,
      book: new GrantBook({ budgetBytes: memoryBytes, alignBytes }),
      time: new SharedTime(options.slowdown),
      lanes: new Array<SimRun | null>(lanes).fill(null),
      hostLink: Semaphore.makeUnsafe(1),
      alarm: alarmOf(clock, (effect) => void Fiber.runIn(run(effect), alarms)),
      nowMs: () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
      alarmMs: Number.POSITIVE_INFINITY,
      closed: false,
    }
    // The runtime has cancelled what ran, and waited for it.
    yield* Effect.addFinalizer(() => Effect.sync(() => (state.closed = true)))
    const info: DeviceInfo = {
      kind: "sim",
      name,
      isa: "simulated",
      lanes,
      budgetBytes: memoryBytes,
      overheadBytes: 0,
      alignBytes,
    }
    return { ...deviceOf(state, info), occupy: occupyOf(state) }
  })

const optionsFault = ({ lanes, memoryBytes }: SimDeviceOptions): string | null => {
  if (!Number.isInteger(lanes) || lanes < 1 || lanes > limits.maxLanes) {
    return `${lanes} lanes of 1…${limits.maxLanes}`
  }
  return Number.isSafeInteger(memoryBytes) && memoryBytes >= limits.minBudgetBytes
    ? null
    : `a pool of ${memoryBytes} bytes, at least ${limits.minBudgetBytes}`
}

const deviceOf = (state: SimState, info: DeviceInfo): Device => {
  const { book } = state
  const answer = (attempt: () => PlanRefused | null): Exit.Exit<void, DeviceError> => {
    if (state.closed) return Exit.fail(closedError())
    const refused = attempt()
    return refused === null ? Exit.void : Exit.fail(refused)
  }
  return {
    info,
    noOutput: true,
    grant: (grant) => answer(() => book.register(grant)),
    revoke: (id) => answer(() => book.remove(id)),
    // The data are those of a simulation, and may be none: the grant says how many bytes travel.
    upload: (id) => {
      const bytes = book.sizeOf(id) ?? 0
      const arrive = Effect.suspend(() => answer(() => book.markUploaded(id, bytes)))
      const travel = Effect.sleep((1000 * bytes) / state.options.hostBytesPerSecond)
      return state.hostLink.withPermit(Effect.andThen(travel, arrive))
    },
    submit: (request) => submit(state, request),
    stats: Effect.sync(() => book.stats),
    progress: (lane) => progressOf(state, lane),
  }
}

const closedError = () => new DeviceUnavailable({ device: "sim", reason: "closed" })

/** Handing the plan over takes its time first; what is wrong with it shows after that. */
const submit = (state: SimState, request: SubmitRequest): Effect.Effect<Completion, DeviceError> =>
  Effect.callback<Completion, DeviceError>((resume) => {
    let run: SimRun | null = null
    let isGone = false
    const begin = () => {
      if (!isGone) run = beginRun(state, request, resume)
    }
    const { taskOverheadMs } = state.options
    if (taskOverheadMs === 0) begin()
    else state.alarm(taskOverheadMs, begin)
    return Effect.suspend(() => {
      isGone = true
      if (run === null) return Effect.void
      stopAtBoundary(state, run)
      return Deferred.await(run.ended)
    })
  })

/** null where it need not, or may not, run. */
const beginRun = (
  state: SimState,
  request: SubmitRequest,
  resume: (end: Effect.Effect<Completion, DeviceError>) => void,
): SimRun | null => {
  const refused = state.closed
    ? closedError()
    : (state.book.submitFault(request, state.options.lanes) ?? laneFault(state, request))
  const { firstOp = 0, stop } = request
  if (refused !== null) resume(Effect.fail(refused))
  else if (stop?.asked === true) resume(Effect.succeed(completionOf(state, request, firstOp, 0)))
  else {
    const run = startRun(state, request, resume)
    stop?.listen(() => stopAtBoundary(state, run))
    return run
  }
  return null
}

/** An executor gives its lane one plan at a time. */
const laneFault = ({ lanes }: SimState, { lane }: SubmitRequest): PlanRefused | null =>
  lanes[lane] === null
    ? null
    : new PlanRefused({ place: "lane", reason: `${lane} runs another plan` })

interface SimRun extends SharedRun {
  /** Settles when the run has ended, by itself or at a boundary. */
  readonly ended: Deferred.Deferred<void>
  /** Work of the run up to the end of an operator. */
  readonly boundaryMs: (op: number) => number
  readonly firstOp: number
  /** The operator before which it ends: none, unless it is stopped. */
  endOp: number
}

/** Nothing stops it: what the host has begun it ends. */
const occupyOf =
  (state: SimState): Occupy =>
  (workMs, demand) =>
    Effect.callback<void>((resume) => {
      const now = state.nowMs()
      state.time.advance(now)
      state.time.add({ demand, onEnd: () => resume(Effect.void) }, workMs)
      setAlarm(state, now)
    })

/** As if it told each operator's end. */
const progressOf = (state: SimState, lane: number): LaneProgress | null => {
  const run = state.lanes[lane] ?? null
  const work = run === null ? null : state.time.progressOf(run, state.nowMs())
  if (run === null || work === null) return null
  let opsDone = run.firstOp
  while (opsDone < run.endOp && run.boundaryMs(opsDone) <= work.doneMs) opsDone++
  const boundaryMs = opsDone === run.firstOp ? 0 : run.boundaryMs(opsDone - 1)
  return { opsDone, sinceMs: (work.doneMs - boundaryMs) * work.slowdown }
}

/** The grants and the lane are taken until the run ends. */
const startRun = (
  state: SimState,
  request: SubmitRequest,
  resume: (end: Effect.Effect<Completion, DeviceError>) => void,
): SimRun => {
  const { firstOp = 0, lane, plan, taskId } = request
  const { jitter, seed } = state.options
  const factor = jitterOf(seed, taskId, jitter)
  const endsMs = opEndsMs(plan)
  const before = workBefore(plan, firstOp)
  const grants = [request.arena, ...request.residents]
  const startMs = state.nowMs()
  const ended = Deferred.makeUnsafe<void>()
  const run: SimRun = {
    demand: plan.demand ?? noDemand,
    ended,
    boundaryMs: (op) => (endsMs[op]! - before) * factor,
    firstOp,
    endOp: plan.ops.length,
    onEnd: () => {
      state.lanes[lane] = null
      state.book.letGo(grants)
      state.book.ran(request.arena, run.endOp)
      resume(Effect.succeed(completionOf(state, request, run.endOp, state.nowMs() - startMs)))
      Deferred.doneUnsafe(ended, Effect.void)
    },
  }
  state.lanes[lane] = run
  state.book.hold(grants)
  state.time.advance(startMs)
  state.time.add(run, (workBefore(plan, plan.costs.length) - before) * factor)
  setAlarm(state, startMs)
  return run
}

/** Memory is that of the whole plan: nobody asks for that of a run that was stopped. */
const completionOf = (
  state: SimState,
  { firstOp = 0, lane, plan }: SubmitRequest,
  opsDone: number,
  runMs: number,
): Completion => ({
  lane,
  ops: state.options.opTimings ? opTimings(plan, [firstOp, opsDone], runMs) : [],
  runMs,
  measuredPeakBytes: footprintBytes(plan),
  opsDone,
  cancelled: opsDone < plan.ops.length,
})

/** The run ends with the operator it is in. */
const stopAtBoundary = (state: SimState, run: SimRun): void => {
  const now = state.nowMs()
  state.time.advance(now)
  const doneMs = state.time.workOf(run)
  if (doneMs === null) return
  for (let op = run.firstOp; op < run.endOp; op++) {
    if (run.boundaryMs(op) < doneMs) continue
    state.time.cut(run, run.boundaryMs(op))
    run.endOp = op + 1
    break
  }
  setAlarm(state, now)
}

/** The least that time moves by: an alarm that came a rounding too early makes progress. */
const tickMs = 1e-6

/** Sees to it that something wakes up when the next run ends. */
const setAlarm = (state: SimState, now: number): void => {
  const nextMs = state.time.nextEndMs()
  if (nextMs === null || nextMs >= state.alarmMs) return
  state.alarmMs = nextMs
  state.alarm(Math.max(tickMs, nextMs - now), () => {
    if (state.alarmMs !== nextMs) return
    state.alarmMs = Number.POSITIVE_INFINITY
    const atMs = state.nowMs()
    state.time.advance(atMs)
    setAlarm(state, atMs)
  })
}
