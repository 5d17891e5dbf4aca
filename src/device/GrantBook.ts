// The own account of its pool that a device in TypeScript keeps: which ranges were handed out, what
// was uploaded to them, and which a plan uses now. It trusts nothing of what the ledger believes.
import { PlanRefused } from "../model/errors.ts"
import { slotsOn } from "../model/Plan.ts"
import type { DeviceStats } from "../model/RunReport.ts"
import type { Grant, SubmitRequest } from "./Device.ts"

const noBytes = new Uint8Array(0)

interface Entry {
  readonly grant: Grant
  /** The bytes uploaded; empty for an arena, and on a device that keeps none. */
  data: Uint8Array
  uploadedBytes: number
  /** Plans accepted and not settled that use it. */
  users: number
  /** Operators of the plan that ran in this arena last: a submission may go on from there. */
  opsDone: number
}

export class GrantBook {
  readonly #budgetBytes: number
  readonly #alignBytes: number
  readonly #entries = new Map<number, Entry>()
  #usedBytes = 0
  #peakBytes = 0

  constructor(options: { readonly budgetBytes: number; readonly alignBytes: number }) {
    this.#budgetBytes = options.budgetBytes
    this.#alignBytes = options.alignBytes
  }

  get stats(): DeviceStats {
    return { usedBytes: this.#usedBytes, peakBytes: this.#peakBytes, grants: this.#entries.size }
  }

  register(grant: Grant): PlanRefused | null {
    const reason = this.#grantFault(grant)
    if (reason !== null) return refusal(grant.id, reason)
    this.#entries.set(grant.id, {
      grant: { ...grant },
      data: noBytes,
      uploadedBytes: 0,
      users: 0,
      opsDone: 0,
    })
    this.#usedBytes += grant.bytes
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes)
    return null
  }

  #grantFault({ id, offset, bytes }: Grant): string | null {
    if (this.#entries.has(id)) return "the id is taken"
    for (const value of [offset, bytes]) {
      if (!Number.isSafeInteger(value) || value < 0 || value % this.#alignBytes !== 0) {
        return `${value} is not a multiple of ${this.#alignBytes}`
      }
    }
    const end = offset + bytes
    if (end > this.#budgetBytes) return `bytes ${offset}…${end} of a pool of ${this.#budgetBytes}`
    if (bytes === 0) return null
    let fault: string | null = null
    this.#entries.forEach(({ grant }) => {
      const overlaps = offset < grant.offset + grant.bytes && grant.offset < end
      // A range without bytes lies nowhere, so it cannot be in the way.
      if (overlaps && grant.bytes > 0) fault ??= `overlaps grant ${grant.id}`
    })
    return fault
  }

  remove(id: number): PlanRefused | null {
    const entry = this.#entries.get(id)
    if (entry === undefined) return refusal(id, "unknown")
    if (entry.users > 0) return refusal(id, `in use by ${entry.users} plans`)
    this.#entries.delete(id)
    this.#usedBytes -= entry.grant.bytes
    return null
  }

  /** Keeps a copy of the bytes, at the start of the grant. */
  store(id: number, data: Uint8Array): PlanRefused | null {
    const refused = this.markUploaded(id, data.byteLength)
    if (refused === null) this.#entries.get(id)!.data = new Uint8Array(data)
    return refused
  }

  /** Takes note that so many bytes were uploaded, for a device that keeps none. */
  markUploaded(id: number, bytes: number): PlanRefused | null {
    const entry = this.#entries.get(id)
    if (entry === undefined) return refusal(id, "unknown")
    if (entry.users > 0) return refusal(id, `in use by ${entry.users} plans`)
    if (bytes > entry.grant.bytes) return refusal(id, `${bytes} bytes into ${entry.grant.bytes}`)
    entry.uploadedBytes = bytes
    return null
  }

  /** Bytes of a grant; null when there is none of this id. */
  sizeOf(id: number): number | null {
    return this.#entries.get(id)?.grant.bytes ?? null
  }

  /** What is wrong with a request to run a plan on one of `lanes` lanes, or null. */
  submitFault(request: SubmitRequest, lanes: number): PlanRefused | null {
    const { arena, firstOp = 0, lane, plan, residents } = request
    const onDevice = slotsOn(plan, "device")
    const refuse = (place: string, reason: string) => new PlanRefused({ place, reason })
    if (!Number.isInteger(lane) || lane < 0 || lane >= lanes) {
      return refuse("lane", `${lane} of ${lanes}`)
    }
    if (residents.length !== onDevice.length) {
      return refuse("residents", `${residents.length} grants for ${onDevice.length} slots`)
    }
    const arenaFault = this.useFault(arena, { bytes: plan.arenaBytes, arena: true })
    if (arenaFault !== null) return refuse("arena", arenaFault)
    const ran = this.#entries.get(arena.id)!.opsDone
    const ops = plan.ops.length
    if (!Number.isInteger(firstOp) || firstOp < 0 || firstOp > Math.min(ran, ops)) {
      return refuse("firstOp", `${firstOp} of ${ops} operators, ${ran} have run in this arena`)
    }
    for (let slot = 0; slot < onDevice.length; slot++) {
      const { bytes, role } = onDevice[slot]!
      const fault = this.useFault(residents[slot]!, { bytes, arena: false })
      if (fault !== null) return refuse(`residents[${slot}] ${role}`, fault)
    }
    return null
  }

  /** Why a plan may not use the grant for `bytes`, or null. An arena has one user at a time. */
  useFault(grant: Grant, use: { readonly bytes: number; readonly arena: boolean }): string | null {
    const entry = this.#entries.get(grant.id)
    if (entry === undefined) return "unknown"
    if (entry.grant.offset !== grant.offset || entry.grant.bytes !== grant.bytes) {
      return `registered as ${entry.grant.bytes} bytes at ${entry.grant.offset}`
    }
    if (use.bytes > grant.bytes) return `${use.bytes} bytes of a grant of ${grant.bytes}`
    if (use.arena) return entry.users > 0 ? "another plan runs in it" : null
    return entry.uploadedBytes < use.bytes
      ? `${entry.uploadedBytes} bytes uploaded of ${use.bytes}`
      : null
  }

  bytesOf(grant: Grant): Uint8Array {
    return this.#entries.get(grant.id)!.data
  }

  hold(grants: ReadonlyArray<Grant>): void {
    for (const { id } of grants) this.#entries.get(id)!.users++
  }

  /** So many operators of a plan have run in the arena. */
  ran(arena: Grant, opsDone: number): void {
    this.#entries.get(arena.id)!.opsDone = opsDone
  }

  letGo(grants: ReadonlyArray<Grant>): void {
    for (const { id } of grants) this.#entries.get(id)!.users--
  }
}

const refusal = (id: number, reason: string): PlanRefused =>
  new PlanRefused({ place: `grant ${id}`, reason })
