// The one hand that gives out device bytes: places tasks in the pool, tells the device of each
// range, and sees that a resident object is uploaded once, by whoever needs it first.
//
//   pool   |residents → ........ free ........ ← arenas|
import { Cause, Deferred, Effect, Exit, Result } from "effect"
import { type Placement, PoolLayout } from "../cost/PoolLayout.ts"
import type { Device, Grant } from "../device/Device.ts"
import { type DeviceError, DeviceOutOfMemory } from "../model/errors.ts"
import type { MemoryView } from "../model/MemoryView.ts"
import type { ResidentObject } from "../model/Resident.ts"
import type { MemoryEvent } from "../model/RunReport.ts"
import { LoadLine, type Turn } from "./LoadLine.ts"
import type { PreparedTask } from "./PreparedTask.ts"
import type { RunLog } from "./RunLog.ts"
import type { Stopwatch } from "./Stopwatch.ts"

/** The ranges a running task holds. */
export interface Holding {
  readonly taskId: string
  readonly placement: Placement
  readonly arena: Grant
  /** One per resident slot of the plan. */
  readonly residents: ReadonlyArray<Grant>
  readonly turn: Turn
}

interface ResidentState {
  readonly grant: Grant
  /** null: nobody has uploaded it yet, or the upload failed. */
  loaded: Deferred.Deferred<void, DeviceError> | null
}

/** A refusal of what the ledger alone decides breaks an invariant. */
const mustBe = (exit: Exit.Exit<void, DeviceError>): void => {
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
}

export class Ledger {
  readonly #device: Device
  readonly #stopwatch: Stopwatch
  readonly #log: RunLog
  readonly #layout: PoolLayout
  readonly #residents = new Map<string, ResidentState>()
  readonly #line = new LoadLine()
  #nextGrant = 1
  #usedBytes = 0

  constructor(options: {
    readonly device: Device
    readonly stopwatch: Stopwatch
    readonly log: RunLog
  }) {
    this.#device = options.device
    this.#stopwatch = options.stopwatch
    this.#log = options.log
    this.#layout = PoolLayout.empty(options.device.info.budgetBytes, options.device.info.alignBytes)
  }

  /** Stays as it is. */
  view(): MemoryView {
    return this.#layout.view()
  }

  /** Valid until the next change: what a decision looks at. */
  liveView(): MemoryView {
    return this.#layout.liveView()
  }

  get freeBytes(): number {
    return this.#device.info.budgetBytes - this.#usedBytes
  }

  /**
   * Takes the task's arena and the ranges of its missing residents, evicting what nobody holds.
   * Fails, with nothing taken, when they do not fit or the device refuses the arena.
   */
  acquire(taskId: string, { waiting }: PreparedTask): Result.Result<Holding, DeviceError> {
    const placement = this.#layout.place(waiting)
    if (placement === null) {
      return Result.fail(
        new DeviceOutOfMemory({
          bytesRequested: waiting.footprintBytes,
          bytesFree: this.freeBytes,
          transient: false,
        }),
      )
    }
    this.#makeRoom(placement)
    const { bytes, offset } = placement.arena
    const arena = { id: this.#nextGrant++, offset, bytes, taskId }
    const granted = this.#device.grant(arena)
    if (Exit.isFailure(granted)) {
      this.#layout.release(placement)
      const refused = granted.cause.reasons.find(Cause.isFailReason)
      if (refused === undefined) throw Cause.squash(granted.cause)
      return Result.fail(refused.error)
    }
    this.#note("arena", taskId, "grant", arena)
    const residents = waiting.residents.map(({ key }) => this.#residents.get(key)!.grant)
    return Result.succeed({ taskId, placement, arena, residents, turn: this.#line.join() })
  }

  /** Takes the ranges of missing residents, where others may have been. */
  #makeRoom({ evicted, uploads }: Placement): void {
    for (const key of evicted) this.#evict(key)
    for (const upload of uploads) {
      const grant = { id: this.#nextGrant++, offset: upload.offset, bytes: upload.bytes }
      mustBe(this.#device.grant(grant))
      this.#residents.set(upload.key, { grant, loaded: null })
      this.#note("resident", upload.key, "grant", grant)
    }
  }

  /** What a task held while it was not on a lane; what it has not loaded yet waits in line again. */
  resume(holding: Holding): Holding {
    return { ...holding, turn: this.#line.join() }
  }

  /** Gives the arena back; residents stay until their room is needed. */
  release(holding: Holding): void {
    this.loaded(holding)
    mustBe(this.#device.revoke(holding.arena.id))
    this.#layout.release(holding.placement)
    this.#note("arena", holding.taskId, "release", holding.arena)
  }

  /** The task has nothing to load, or no more. */
  loaded({ turn }: Holding): void {
    this.#line.leave(turn)
  }

  /** Settles when they are on the device; what is missing is loaded when the task's turn comes. */
  load(
    holding: Holding,
    residents: ReadonlyArray<ResidentObject>,
  ): Effect.Effect<void, DeviceError> {
    return Effect.suspend(() => {
      const missing = residents.filter((resident) => !this.isLoaded([resident]))
      const loading = Effect.forEach(missing, (resident) => this.#ensureLoaded(resident), {
        discard: true,
      })
      return Effect.ensuring(
        Effect.andThen(Deferred.await(holding.turn.comes), loading),
        Effect.sync(() => this.loaded(holding)),
      )
    })
  }

  /** Whether all of them, which somebody holds, are on the device. */
  isLoaded(residents: ReadonlyArray<ResidentObject>): boolean {
    for (const { key } of residents) {
      const { loaded } = this.#residents.get(key)!
      if (loaded === null || !Deferred.isDoneUnsafe(loaded)) return false
    }
    return true
  }

  /**
   * Only the first caller uploads it. Others wait for that upload: it must not stop, before or after it
   * has begun, with the task whose turn it was.
   */
  #ensureLoaded(resident: ResidentObject): Effect.Effect<void, DeviceError> {
    return Effect.uninterruptibleMask((restore) => {
      const state = this.#residents.get(resident.key)!
      if (state.loaded !== null) return restore(Deferred.await(state.loaded))
      const loaded = Deferred.makeUnsafe<void, DeviceError>()
      state.loaded = loaded
      const upload = this.#device
        .upload(state.grant.id, resident.data)
        .pipe(Effect.onError(() => Effect.sync(() => (state.loaded = null))))
      return Effect.andThen(Deferred.into(upload, loaded), Deferred.await(loaded))
    })
  }

  #evict(key: string): void {
    const { grant } = this.#residents.get(key)!
    this.#residents.delete(key)
    mustBe(this.#device.revoke(grant.id))
    this.#note("resident", key, "release", grant)
  }

  #note(
    kind: MemoryEvent["kind"],
    label: string,
    change: MemoryEvent["change"],
    grant: Grant,
  ): void {
    this.#usedBytes += change === "grant" ? grant.bytes : -grant.bytes
    const { offset, bytes } = grant
    const usedBytesAfter = this.#usedBytes
    const atMs = this.#stopwatch.nowMs()
    this.#log.memory.add({ atMs, kind, label, change, offset, bytes, usedBytesAfter })
  }
}
