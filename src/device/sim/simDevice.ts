// The simulated device: no numerics, only time and memory. A plan takes its predicted time, times
// jitter, times the slowdown of what runs beside it; an upload takes its bytes over the host link,
// one at a time. The pool is accounted for and checked as on any device.
import { Clock, Deferred, Effect, type Scope, Semaphore } from "effect"
import { type DeviceError, DeviceUnavailable, type PlanRefused } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { footprintBytes } from "../../model/Plan.ts"
import type { DeviceInfo } from "../../model/RunReport.ts"
import type { Completion, Device, SubmitRequest } from "../Device.ts"
import { GrantBook } from "../GrantBook.ts"
import { jitterOf } from "./jitter.ts"
import { opTimings, planTime } from "./PlanTime.ts"
import { type SharedRun, SharedTime } from "./SharedTime.ts"

export interface SimDeviceOptions {
  readonly name: string
  readonly lanes: number
  readonly memoryBytes: number
  readonly alignBytes: number
  /** What all lanes together can move. */
  readonly bytesPerSecond: number
  /** From host memory to the device. */
  readonly hostBytesPerSecond: number
  readonly seed: number
  /** Standard deviation of the logarithm of a task's run time; 0 for none. */
  readonly jitter: number
  /** Whether completions carry a time for each operator. */
  readonly opTimings: boolean
}

interface SimState {
  readonly options: SimDeviceOptions
  readonly book: GrantBook
  readonly time: SharedTime
  readonly lanes: ReadonlyArray<Semaphore.Semaphore>
  readonly hostLink: Semaphore.Semaphore
  readonly scope: Scope.Scope
  readonly nowMs: () => number
  /** When the alarm that counts goes off; those set for later are ignored. */
  alarmMs: number
  closed: boolean
}

export const openSimDevice = (
  options: SimDeviceOptions,
): Effect.Effect<Device, DeviceUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const { alignBytes, lanes, memoryBytes, name } = options
    const reason = optionsFault(options)
    if (reason !== null) return yield* new DeviceUnavailable({ device: "sim", reason })
    const clock = yield* Clock.Clock
    const state: SimState = {
      options,
      book: new GrantBook({ budgetBytes: memoryBytes, alignBytes }),
      time: new SharedTime(),
      lanes: Array.from({ length: lanes }, () => Semaphore.makeUnsafe(1)),
      hostLink: Semaphore.makeUnsafe(1),
      scope: yield* Effect.scope,
      nowMs: () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
      alarmMs: Number.POSITIVE_INFINITY,
      closed: false,
    }
    yield* Effect.addFinalizer(() => close(state))
    return deviceOf(state, {
      kind: "sim",
      name,
      isa: "simulated",
      lanes,
      budgetBytes: memoryBytes,
      overheadBytes: 0,
      alignBytes,
    })
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
  const answer = (attempt: () => PlanRefused | null) =>
    Effect.suspend((): Effect.Effect<void, DeviceError> => {
      if (state.closed) return Effect.fail(closedError())
      const refused = attempt()
      return refused === null ? Effect.void : Effect.fail(refused)
    })
  return {
    info,
    noOutput: true,
    grant: (grant) => answer(() => book.register(grant)),
    revoke: (id) => answer(() => book.remove(id)),
    // The data are those of a simulation, and may be none: the grant says how many bytes travel.
    upload: (id) => {
      const bytes = book.sizeOf(id) ?? 0
      const arrive = answer(() => book.markUploaded(id, bytes))
      const travel = Effect.sleep((1000 * bytes) / state.options.hostBytesPerSecond)
      return state.hostLink.withPermit(Effect.andThen(travel, arrive))
    },
    submit: (request) => submit(state, request),
    stats: Effect.sync(() => book.stats),
  }
}

const closedError = () => new DeviceUnavailable({ device: "sim", reason: "closed" })

/** Waits for running plans, which the runtime has cancelled by now. */
const close = (state: SimState): Effect.Effect<void> =>
  Effect.suspend(() => {
    state.closed = true
    return Effect.forEach(state.lanes, (lane) => lane.withPermit(Effect.void), { discard: true })
  })

const submit = (state: SimState, request: SubmitRequest): Effect.Effect<Completion, DeviceError> =>
  Effect.suspend((): Effect.Effect<Completion, DeviceError> => {
    if (state.closed) return Effect.fail(closedError())
    const refused = state.book.submitFault(request, state.lanes.length)
    if (refused !== null) return Effect.fail(refused)
    const grants = [request.arena, ...request.residents]
    return Effect.acquireUseRelease(
      Effect.sync(() => state.book.hold(grants)),
      () => state.lanes[request.lane]!.withPermit(runPlan(state, request)),
      () => Effect.sync(() => state.book.letGo(grants)),
    )
  })

const runPlan = (
  state: SimState,
  { lane, plan, taskId }: SubmitRequest,
): Effect.Effect<Completion> =>
  Effect.gen(function* () {
    const { bytesPerSecond, jitter, seed } = state.options
    const { bytesPerMs, opEndsMs, workMs } = planTime(plan)
    const factor = jitterOf(seed, taskId, jitter)
    const ended = Deferred.makeUnsafe<void>()
    const run: SharedRun = {
      demand: Math.min(1, (1000 * bytesPerMs) / (bytesPerSecond * factor)),
      onEnd: () => Deferred.doneUnsafe(ended, Effect.void),
    }
    const startMs = state.nowMs()
    state.time.advance(startMs)
    state.time.add(run, workMs * factor)
    yield* setAlarm(state, startMs)
    yield* Effect.onInterrupt(Deferred.await(ended), () =>
      stopAtBoundary(state, { run, ended, boundariesMs: opEndsMs.map((ms) => ms * factor) }),
    )
    const runMs = state.nowMs() - startMs
    return {
      lane,
      ops: state.options.opTimings ? opTimings(plan, plan.ops.length, runMs) : [],
      runMs,
      measuredPeakBytes: footprintBytes(plan),
      opsDone: plan.ops.length,
      cancelled: false,
    }
  })

/** The run ends with the operator it is in. */
const stopAtBoundary = (
  state: SimState,
  stop: {
    readonly run: SharedRun
    readonly ended: Deferred.Deferred<void>
    readonly boundariesMs: ReadonlyArray<number>
  },
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const now = state.nowMs()
    state.time.advance(now)
    const doneMs = state.time.workOf(stop.run)
    if (doneMs === null) return
    const boundaryMs = stop.boundariesMs.find((ms) => ms >= doneMs)
    if (boundaryMs !== undefined) state.time.cut(stop.run, boundaryMs)
    yield* setAlarm(state, now)
    yield* Deferred.await(stop.ended)
  })

/** The least that time moves by: an alarm that came a rounding too early makes progress. */
const tickMs = 1e-6

/** Sees to it that something wakes up when the next run ends. */
const setAlarm = (state: SimState, now: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const nextMs = state.time.nextEndMs()
    if (nextMs === null || nextMs >= state.alarmMs) return Effect.void
    state.alarmMs = nextMs
    const ring = Effect.gen(function* () {
      if (state.alarmMs !== nextMs) return
      state.alarmMs = Number.POSITIVE_INFINITY
      const atMs = state.nowMs()
      state.time.advance(atMs)
      yield* setAlarm(state, atMs)
    })
    const wait = Effect.sleep(Math.max(tickMs, nextMs - now))
    return Effect.asVoid(Effect.forkIn(Effect.andThen(wait, ring), state.scope))
  })
