// A device of the native addon, the CPU's or a GPU's: this file turns the addon's answers and events
// into Effects; memory is checked in C++.
import { Effect, Exit, type Scope } from "effect"
import {
  type DeviceError,
  DeviceLost,
  DeviceUnavailable,
  OpFailed,
  PlanRefused,
} from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import type { Plan } from "../../model/Plan.ts"
import { isWritten } from "../../model/Resident.ts"
import type { DeviceInfo } from "../../model/RunReport.ts"
import type { Completion, Device, Grant, LaneProgress, SubmitRequest } from "../Device.ts"
import type { StopSignal } from "../StopSignal.ts"
import {
  type Addon,
  failures,
  type NativeRefusal,
  type OnEvent,
  type OpenSettings,
} from "./Addon.ts"
import { encodePlan, planFormat } from "./planWords.ts"

interface OpenHandle {
  readonly addon: Addon
  readonly handle: number
  readonly tickets: Tickets
  readonly kind: DeviceInfo["kind"]
  readonly name: string
}

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

/** The operator that "ops[3].colIndices" is about; null for another place. */
const opIndexOf = (place: string): number | null => {
  const found = /^ops\[(\d+)\]/.exec(place)
  return found === null ? null : Number(found[1])
}

/** What an event that is not a success means. */
const failureOf = (
  device: string,
  failure: number,
  { place, reason }: NativeRefusal,
): DeviceError => {
  if (failure === failures.device) return new DeviceLost({ device, reason })
  if (failure === failures.refused) return refused({ place, reason })
  const opIndex = opIndexOf(place) ?? 0
  return new OpFailed({ op: place, opIndex, lane: 0, reason, transient: false })
}

/** Answers of the addon that are final at once. */
const settle = (answer: NativeRefusal | null): Exit.Exit<void, PlanRefused> =>
  answer === null ? Exit.void : Exit.fail(refused(answer))

const notInteger = (what: string, value: number): PlanRefused | null =>
  Number.isSafeInteger(value)
    ? null
    : new PlanRefused({ place: what, reason: `${value} is not an integer` })

type Outcome = Effect.Effect<Float64Array | null, DeviceError>

/** The jobs under way on one open device: each has a ticket, each gets exactly one event. */
class Tickets {
  readonly #device: string
  readonly #waiting = new Map<number, Array<(outcome: Outcome) => void>>()
  #next = 1

  /** `device`: its name in errors. */
  constructor(device: string) {
    this.#device = device
  }

  readonly onEvent: OnEvent = (ticket, values, failure, place, reason) => {
    const waiting = this.#waiting.get(ticket)
    this.#waiting.delete(ticket)
    const why = { place: place ?? "", reason: reason ?? "" }
    const outcome: Outcome =
      failure === failures.none
        ? Effect.succeed(values)
        : Effect.fail(failureOf(this.#device, failure, why))
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

  /**
   * Starts a job; when interrupted, cancels it and waits until it has stopped. The signal cancels it too,
   * but then what it came to is the result.
   */
  readonly run = (
    start: (ticket: number) => NativeRefusal | null,
    cancel: (ticket: number) => void,
    stop?: StopSignal,
  ): Effect.Effect<Float64Array | null, DeviceError> =>
    Effect.callback<Float64Array | null, DeviceError>((resume) => {
      const ticket = this.#next++
      const answer = start(ticket)
      if (answer !== null) {
        resume(Effect.fail(refused(answer)))
        return
      }
      this.#waiting.set(ticket, [resume])
      stop?.listen(() => cancel(ticket))
      return Effect.suspend(() => {
        cancel(ticket)
        return this.ended(ticket)
      })
    })
}

const completionOf = (request: SubmitRequest, values: Float64Array): Completion => {
  const opsDone = values[0]!
  const { firstOp = 0 } = request
  // A GPU gives no times of single operators when it was not asked to take them.
  const timed = (values.length - 4) / 2
  return {
    lane: request.lane,
    ops: request.plan.ops.slice(firstOp, firstOp + timed).map((op, index) => ({
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
  const { lane, priority, arena, residents, firstOp = 0 } = request
  return (
    notInteger("lane", lane) ??
    notInteger("priority", priority) ??
    notInteger("arena", arena.id) ??
    notInteger("firstOp", firstOp) ??
    residents.reduce<PlanRefused | null>(
      (bad, grant, slot) => bad ?? notInteger(`residents[${slot}]`, grant.id),
      null,
    )
  )
}

/** Of each slot its grant, or that it is host memory; too few or too many grants show in their number. */
const slotIds = ({ plan, residents }: SubmitRequest): Float64Array => {
  const grants = residents.map(({ id }) => id)
  const ids = plan.residents.flatMap((slot) => {
    if (slot.host === true) return [isWritten(slot) ? planFormat.HostWrite : planFormat.HostRead]
    return grants.splice(0, 1)
  })
  return Float64Array.from([...ids, ...grants])
}

const makeDevice = ({ addon, handle, tickets, kind, name }: OpenHandle): Device => {
  const info: DeviceInfo = { kind, name, ...addon.info(handle) }
  const cancel = (ticket: number) => addon.cancel(handle, ticket)

  const grant = ({ id, offset, bytes }: Grant): Exit.Exit<void, DeviceError> => {
    const bad = notInteger("id", id) ?? notInteger("offset", offset) ?? notInteger("bytes", bytes)
    return bad === null ? settle(addon.grant(handle, id, offset, bytes)) : Exit.fail(bad)
  }

  const revoke = (id: number): Exit.Exit<void, DeviceError> => {
    const bad = notInteger("id", id)
    return bad === null ? settle(addon.revoke(handle, id)) : Exit.fail(bad)
  }

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
      const { lane, priority, plan, arena, output, host = [], firstOp = 0, stop } = request
      const [words, ids] = [wordsOf(plan), slotIds(request)]
      return tickets.run(
        (ticket) =>
          addon.submit(handle, ticket, lane, priority, words, arena.id, ids, output, host, firstOp),
        cancel,
        stop,
      )
    }).pipe(Effect.map((values) => completionOf(request, values ?? new Float64Array(4))))

  const progress = (lane: number): LaneProgress | null => {
    const told = addon.progress(handle, lane)
    return told === null ? null : { opsDone: told[0]!, sinceMs: told[1]! }
  }

  const stats = Effect.sync(() => addon.stats(handle))
  return { info, grant, revoke, upload, submit, progress, stats }
}

/** What is opened: an addon, how the device is called, and its settings. */
export interface NativeSettings {
  readonly addon: Addon
  readonly kind: "cpu" | "cuda"
  readonly name: string
  readonly open: OpenSettings
}

const openHandle = ({
  addon,
  kind,
  name,
  open,
}: NativeSettings): Effect.Effect<OpenHandle, DeviceUnavailable> =>
  Effect.suspend(() => {
    const unavailable = (reason: string) =>
      Effect.fail(new DeviceUnavailable({ device: kind, reason }))
    const { budgetBytes, lanes } = open
    if (!Number.isSafeInteger(lanes) || lanes < 1 || lanes > limits.maxLanes) {
      return unavailable(`${lanes} lanes; it takes 1 to ${limits.maxLanes}`)
    }
    if (!Number.isSafeInteger(budgetBytes) || budgetBytes < limits.minBudgetBytes) {
      return unavailable(`a pool of ${budgetBytes} bytes; the least is ${limits.minBudgetBytes}`)
    }
    const tickets = new Tickets(kind)
    const handle = addon.open(open, tickets.onEvent)
    if (typeof handle !== "number") return unavailable(`${handle.place}: ${handle.reason}`)
    return Effect.succeed({ addon, handle, tickets, kind, name })
  })

const closeHandle = ({ addon, handle, tickets }: OpenHandle): Effect.Effect<void> =>
  Effect.suspend(() => {
    const open = tickets.open
    for (const ticket of open) addon.cancel(handle, ticket)
    // the native close joins the lanes: by then they are idle, so it does not block
    return Effect.forEach(open, tickets.ended, { discard: true })
  }).pipe(Effect.andThen(Effect.sync(() => addon.close(handle))))

/** Opens a device for the life of the scope; closing stops plans at an operator boundary. */
export const openNativeDevice = (
  settings: NativeSettings,
): Effect.Effect<Device, DeviceUnavailable, Scope.Scope> =>
  Effect.acquireRelease(openHandle(settings), closeHandle).pipe(Effect.map(makeDevice))
