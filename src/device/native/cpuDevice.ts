// The cpu device: plans run by the native addon on persistent threads. This file turns its answers
// and events into Effects; memory is checked in C++.
import { Effect, Result, type Scope } from "effect"
import { type DeviceError, DeviceUnavailable, PlanRefused } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import type { Plan } from "../../model/Plan.ts"
import type { DeviceInfo } from "../../model/RunReport.ts"
import type { Completion, Device, DeviceOptions, Grant, SubmitRequest } from "../Device.ts"
import { type Addon, type Isa, loadAddon, type NativeRefusal, type OnEvent } from "./Addon.ts"
import { encodePlan } from "./planWords.ts"

export interface CpuDeviceOptions extends DeviceOptions {
  /** Instruction set of the kernels; the fastest this CPU runs when left out. */
  readonly isa?: Isa
  /**
   * For tests: fills each arena with NaN before a run and takes the last block that was written as
   * its high-water mark, in place of the extents of the operands.
   */
  readonly paint?: boolean
  /** The addon's file; the package's own when left out. */
  readonly addonPath?: string
}

/** The pool's share of the memory this process may use, when no size is given. */
export const defaultMemoryShare = 0.25

/** Each plan crosses the border in the same words every time it is submitted. */
const encodedPlans = new WeakMap<Plan, Float64Array>()

const wordsOf = (plan: Plan): Float64Array => {
  const known = encodedPlans.get(plan)
  if (known !== undefined) return known
  const words = encodePlan(plan)
  encodedPlans.set(plan, words)
  return words
}

const refused = (refusal: NativeRefusal): PlanRefused => new PlanRefused(refusal)

/** Answers of the addon that are final at once. */
const settle = (answer: NativeRefusal | null): Effect.Effect<void, PlanRefused> =>
  answer === null ? Effect.void : Effect.fail(refused(answer))

const notInteger = (what: string, value: number): PlanRefused | null =>
  Number.isSafeInteger(value)
    ? null
    : new PlanRefused({ place: what, reason: `${value} is not an integer` })

type Outcome = Effect.Effect<Float64Array | null, PlanRefused>

/** The jobs under way on one open device: each has a ticket, each gets exactly one event. */
class Tickets {
  readonly #waiting = new Map<number, Array<(outcome: Outcome) => void>>()
  #next = 1

  readonly onEvent: OnEvent = (ticket, values, place, reason) => {
    const waiting = this.#waiting.get(ticket)
    this.#waiting.delete(ticket)
    const outcome: Outcome =
      place === null
        ? Effect.succeed(values)
        : Effect.fail(refused({ place, reason: reason ?? "" }))
    for (const resume of waiting ?? []) resume(outcome)
  }

  get open(): ReadonlyArray<number> {
    return [...this.#waiting.keys()]
  }

  /** Resumes when the ticket's event has come; at once if it has already. */
  readonly ended = (ticket: number): Effect.Effect<void> =>
    Effect.callback<void>((resume) => {
      const waiting = this.#waiting.get(ticket)
      if (waiting === undefined) resume(Effect.void)
      else waiting.push(() => resume(Effect.void))
    })

  /** Starts a job; when interrupted, cancels it and waits until it has stopped. */
  readonly run = (
    start: (ticket: number) => NativeRefusal | null,
    cancel: (ticket: number) => void,
  ): Effect.Effect<Float64Array | null, PlanRefused> =>
    Effect.callback<Float64Array | null, PlanRefused>((resume) => {
      const ticket = this.#next++
      const answer = start(ticket)
      if (answer !== null) {
        resume(Effect.fail(refused(answer)))
        return
      }
      this.#waiting.set(ticket, [resume])
      return Effect.suspend(() => {
        cancel(ticket)
        return this.ended(ticket)
      })
    })
}

const completionOf = (request: SubmitRequest, values: Float64Array): Completion => {
  const opsDone = values[0]!
  return {
    lane: request.lane,
    ops: request.plan.ops.slice(0, opsDone).map((op, index) => ({
      name: op.name,
      startMs: values[4 + 2 * index]!,
      endMs: values[5 + 2 * index]!,
    })),
    opsDone,
    cancelled: values[1] === 1,
    runMs: values[2]!,
    measuredPeakBytes: values[3]!,
  }
}

const firstBadInteger = (request: SubmitRequest): PlanRefused | null => {
  const { lane, priority, arena, residents } = request
  return (
    notInteger("lane", lane) ??
    notInteger("priority", priority) ??
    notInteger("arena", arena.id) ??
    residents.reduce<PlanRefused | null>(
      (bad, grant, slot) => bad ?? notInteger(`residents[${slot}]`, grant.id),
      null,
    )
  )
}

const makeDevice = (addon: Addon, handle: number, tickets: Tickets, name: string): Device => {
  const info: DeviceInfo = { kind: "cpu", name, ...addon.info(handle) }
  const cancel = (ticket: number) => addon.cancel(handle, ticket)

  const grant = ({ id, offset, bytes }: Grant): Effect.Effect<void, DeviceError> =>
    Effect.suspend(() => {
      const bad = notInteger("id", id) ?? notInteger("offset", offset) ?? notInteger("bytes", bytes)
      return bad === null ? settle(addon.grant(handle, id, offset, bytes)) : Effect.fail(bad)
    })

  const revoke = (id: number): Effect.Effect<void, DeviceError> =>
    Effect.suspend(() => {
      const bad = notInteger("id", id)
      return bad === null ? settle(addon.revoke(handle, id)) : Effect.fail(bad)
    })

  const upload = (id: number, data: Uint8Array): Effect.Effect<void, DeviceError> =>
    Effect.suspend(() => {
      const bad = notInteger("id", id)
      if (bad !== null) return Effect.fail(bad)
      // a copy is short: an interruption waits for it
      return tickets.run((ticket) => addon.upload(handle, ticket, id, data), cancel)
    }).pipe(Effect.asVoid)

  const submit = (request: SubmitRequest): Effect.Effect<Completion, DeviceError> =>
    Effect.suspend(() => {
      const bad = firstBadInteger(request)
      if (bad !== null) return Effect.fail(bad)
      const { lane, priority, plan, arena, residents, output } = request
      const ids = Float64Array.from(residents, (resident) => resident.id)
      return tickets.run(
        (ticket) =>
          addon.submit(handle, ticket, lane, priority, wordsOf(plan), arena.id, ids, output),
        cancel,
      )
    }).pipe(Effect.map((values) => completionOf(request, values ?? new Float64Array(4))))

  return { info, grant, revoke, upload, submit, stats: Effect.sync(() => addon.stats(handle)) }
}

interface OpenHandle {
  readonly addon: Addon
  readonly handle: number
  readonly tickets: Tickets
  readonly name: string
}

const openHandle = (options: CpuDeviceOptions): Effect.Effect<OpenHandle, DeviceUnavailable> =>
  Effect.suspend(() => {
    const unavailable = (reason: string) =>
      Effect.fail(new DeviceUnavailable({ device: "cpu", reason }))
    const loaded = loadAddon(options.addonPath ?? null)
    if (Result.isFailure(loaded)) return Effect.fail(loaded.failure)
    const addon = loaded.success
    const machine = addon.detect()
    const lanes = options.lanes ?? Math.min(machine.cores, limits.maxLanes)
    const bytes = options.memoryBytes ?? Math.floor(machine.memoryBytes * defaultMemoryShare)
    if (!Number.isSafeInteger(lanes) || lanes < 1 || lanes > limits.maxLanes) {
      return unavailable(`${lanes} lanes; it takes 1 to ${limits.maxLanes}`)
    }
    if (!Number.isSafeInteger(bytes) || bytes < limits.minBudgetBytes) {
      return unavailable(`a pool of ${bytes} bytes; the least is ${limits.minBudgetBytes}`)
    }
    const tickets = new Tickets()
    const paint = options.paint ?? false
    const handle = addon.open(lanes, bytes, options.isa ?? null, paint, tickets.onEvent)
    if (typeof handle !== "number") return unavailable(`${handle.place}: ${handle.reason}`)
    return Effect.succeed({ addon, handle, tickets, name: machine.name })
  })

const closeHandle = ({ addon, handle, tickets }: OpenHandle): Effect.Effect<void> =>
  Effect.suspend(() => {
    const open = tickets.open
    for (const ticket of open) addon.cancel(handle, ticket)
    // the native close joins the lanes: by then they are idle, so it does not block
    return Effect.forEach(open, tickets.ended, { discard: true })
  }).pipe(Effect.andThen(Effect.sync(() => addon.close(handle))))

/** Opens the cpu device for the life of the scope; closing stops plans at an operator boundary. */
export const openCpuDevice = (
  options: CpuDeviceOptions,
): Effect.Effect<Device, DeviceUnavailable, Scope.Scope> =>
  Effect.acquireRelease(openHandle(options), closeHandle).pipe(
    Effect.map(({ addon, handle, tickets, name }) => makeDevice(addon, handle, tickets, name)),
  )
