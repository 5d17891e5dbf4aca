// The reference device: the Device interface over the float64 oracle. It shares the event loop with
// its caller and yields between ops; it is for answers that must be right, not for speed.
import { Clock, Effect, Exit, type Scope, Semaphore } from "effect"
import { type DeviceError, DeviceUnavailable, PlanRefused } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { alignUp, type Plan, slotsOn } from "../../model/Plan.ts"
import type { DeviceInfo } from "../../model/RunReport.ts"
import type { OpTiming } from "../../model/Task.ts"
import type { Completion, Device, DeviceOptions, Grant, SubmitRequest } from "../Device.ts"
import { GrantBook } from "../GrantBook.ts"
import { checkOps } from "./checkOps.ts"
import { arenaFor, hostSlots, type ReferenceMemory } from "./memory.ts"
import { checkOutput, Footprint, outputOf, runOpReference } from "./runOp.ts"

const alignBytes = 64
/** Every real byte costs two here (float64), and only while a plan runs. */
const defaultBudgetBytes = 1024 ** 3

/** What a plan writes: its arena and its host slots. */
type Workspace = Pick<ReferenceMemory, "arena" | "halves" | "host">

interface ReferenceState {
  readonly info: DeviceInfo
  readonly book: GrantBook
  /** One permit each: a lane runs one plan at a time, in the order they came. */
  readonly lanes: ReadonlyArray<Semaphore.Semaphore>
  /** By its arena's grant, what a plan has written so far: another submission may go on. */
  readonly spaces: Map<number, Workspace>
  closed: boolean
}

export const openReferenceDevice = (
  options: DeviceOptions,
): Effect.Effect<Device, DeviceUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const lanes = options.lanes ?? 1
    const budgetBytes = options.memoryBytes ?? defaultBudgetBytes
    const reason = optionsFault(lanes, budgetBytes)
    if (reason !== null) return yield* new DeviceUnavailable({ device: "reference", reason })
    const info: DeviceInfo = {
      kind: "reference",
      name: "float64 reference in TypeScript",
      isa: "float64",
      lanes,
      budgetBytes,
      overheadBytes: 0,
      alignBytes,
    }
    const state: ReferenceState = {
      info,
      book: new GrantBook(info),
      lanes: Array.from({ length: lanes }, () => Semaphore.makeUnsafe(1)),
      spaces: new Map(),
      closed: false,
    }
    yield* Effect.addFinalizer(() => close(state))
    return deviceOf(state)
  })

const optionsFault = (lanes: number, budgetBytes: number): string | null => {
  if (!Number.isInteger(lanes) || lanes < 1 || lanes > limits.maxLanes) {
    return `${lanes} lanes of 1…${limits.maxLanes}`
  }
  return Number.isSafeInteger(budgetBytes) && budgetBytes >= limits.minBudgetBytes
    ? null
    : `a pool of ${budgetBytes} bytes, at least ${limits.minBudgetBytes}`
}

const deviceOf = (state: ReferenceState): Device => {
  const { book, info } = state
  const answer = (attempt: () => PlanRefused | null): Exit.Exit<void, DeviceError> => {
    if (state.closed) return Exit.fail(closedError())
    const refused = attempt()
    return refused === null ? Exit.void : Exit.fail(refused)
  }
  return {
    info,
    grant: (grant) => answer(() => book.register(grant)),
    revoke: (id) =>
      answer(() => {
        const refused = book.remove(id)
        if (refused === null) state.spaces.delete(id)
        return refused
      }),
    upload: (id, data) => Effect.suspend(() => answer(() => book.store(id, data))),
    submit: (request) => submit(state, request),
    stats: Effect.sync(() => book.stats),
  }
}

const closedError = () => new DeviceUnavailable({ device: "reference", reason: "closed" })

/** Running plans stop at their next op boundary and say so in their completion. */
const close = (state: ReferenceState): Effect.Effect<void> =>
  Effect.suspend(() => {
    state.closed = true
    return Effect.forEach(state.lanes, (lane) => lane.withPermit(Effect.void), { discard: true })
  })

/**
 * The grants are in use from acceptance until the plan has settled, waiting for the lane included.
 * Interruption takes effect where the fibre yields: before the first op and between ops.
 */
const submit = (
  state: ReferenceState,
  request: SubmitRequest,
): Effect.Effect<Completion, DeviceError> =>
  Effect.suspend(() => {
    if (state.closed) return Effect.fail(closedError())
    const refused = requestFault(state, request)
    if (refused !== null) return Effect.fail(refused)
    const grants = [request.arena, ...request.residents]
    return Effect.acquireUseRelease(
      Effect.sync(() => state.book.hold(grants)),
      () => state.lanes[request.lane]!.withPermit(runPlan(state, request)),
      () => Effect.sync(() => state.book.letGo(grants)),
    )
  })

const hostFault = ({ host = [], plan }: SubmitRequest): PlanRefused | null => {
  for (const [i, { bytes, role }] of slotsOn(plan, "host").entries()) {
    const given = host[i]?.byteLength ?? 0
    if (given >= bytes) continue
    return new PlanRefused({ place: `host[${i}] ${role}`, reason: `${given} bytes of ${bytes}` })
  }
  return null
}

const requestFault = (state: ReferenceState, request: SubmitRequest): PlanRefused | null =>
  state.book.submitFault(request, state.lanes.length) ??
  hostFault(request) ??
  checkOutput(request.plan, request.output.length)

/** A grant's data, and what it counts for; host memory counts for nothing. */
const boundTo = ({ book }: ReferenceState, grant: Grant) => ({
  bytes: book.bytesOf(grant),
  measured: grant.bytes,
})

const freshSpace = (plan: Plan): Workspace => ({
  ...arenaFor(plan.ops, plan.arenaBytes),
  host: hostSlots(plan),
})

const runPlan = (
  state: ReferenceState,
  { arena: arenaGrant, firstOp = 0, host = [], lane, output, plan, residents, stop }: SubmitRequest,
): Effect.Effect<Completion, DeviceError> =>
  Effect.gen(function* () {
    const [grants, arrays] = [residents.values(), host.values()]
    const slots = plan.residents.map((slot) =>
      slot.host === true
        ? { bytes: arrays.next().value!, measured: 0 }
        : boundTo(state, grants.next().value!),
    )
    const space = firstOp === 0 ? freshSpace(plan) : state.spaces.get(arenaGrant.id)!
    const memory = {
      ...space,
      residents: slots.map(({ bytes }, slot) => bytes.subarray(0, plan.residents[slot]!.bytes)),
    }
    const refused = checkOps(plan.ops, memory, Math.min(plan.arenaBytes, arenaGrant.bytes))
    if (refused !== null) return yield* refused
    const startNanos = yield* Clock.monotonicTimeNanos
    const sinceStart = Effect.map(
      Clock.monotonicTimeNanos,
      (nanos) => Number(nanos - startNanos) / 1e6,
    )
    const footprint = new Footprint()
    for (const op of plan.ops.slice(0, firstOp)) footprint.add(op)
    const ops: Array<OpTiming> = []
    for (const op of plan.ops.slice(firstOp)) {
      yield* Effect.yieldNow
      if (state.closed || stop?.asked === true) break
      const startMs = yield* sinceStart
      runOpReference(op, memory)
      footprint.add(op)
      ops.push({ name: op.name, startMs, endMs: yield* sinceStart })
    }
    const opsDone = firstOp + ops.length
    const cancelled = opsDone < plan.ops.length
    state.spaces.set(arenaGrant.id, space)
    state.book.ran(arenaGrant, opsDone)
    if (!cancelled) output.set(outputOf(plan, memory))
    const residentBytes = slots.reduce(
      (sum, { measured }, slot) => sum + (footprint.slotsRead.has(slot) ? measured : 0),
      0,
    )
    return {
      lane,
      ops,
      runMs: yield* sinceStart,
      measuredPeakBytes: residentBytes + alignUp(footprint.highWaterBytes, plan.alignBytes),
      opsDone,
      cancelled,
    }
  })
