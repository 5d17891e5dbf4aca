// The host of a simulated cpu device: one runtime thread and a few preparation workers. What they do
// is work beside that of the lanes, on the same cores, so that each slows the others.
import { Deferred, Effect, Semaphore } from "effect"
import type { HostProfile } from "../../model/HostProfile.ts"
import type { HostWork } from "../../model/HostWork.ts"
import type { Demand } from "../../model/Plan.ts"
import type { Device } from "../Device.ts"

/** Takes `workMs` of a core, and longer beside others. */
export type Occupy = (workMs: number, demand: Demand) => Effect.Effect<void>

/** Messages of one turn of the runtime's thread. */
interface Batch {
  ms: number
  readonly done: Deferred.Deferred<void>
}

export interface SimHostOptions {
  readonly profile: HostProfile
  readonly dispatchMs: number
  readonly prepThreads: number
}

export const makeSimHost = (
  occupy: Occupy,
  { dispatchMs, prepThreads, profile }: SimHostOptions,
): HostWork => {
  const { cores, helpers, makeMs, orderMs, planOpMs, takeInMs, uploadMs } = profile
  let { warmUpMs } = profile
  // Scripts wait for memory, but move little of it.
  const busy: Demand = { bandwidth: 0, compute: helpers / cores }
  const runtimeThread = Semaphore.makeUnsafe(1)
  const workers = Semaphore.makeUnsafe(prepThreads)
  const objects = new Map<string, Deferred.Deferred<void>>()
  const onRuntime = (ms: number) =>
    ms > 0 ? runtimeThread.withPermit(occupy(ms, busy)) : Effect.void
  /** Tasks that wait to be taken in: all that have come by the time the thread turns to them, together. */
  let batch: Batch | null = null
  const takeAll = (own: Batch): Effect.Effect<void> =>
    runtimeThread
      .withPermit(
        Effect.suspend(() => {
          batch = null
          return occupy(own.ms, busy)
        }),
      )
      .pipe(Effect.andThen(Deferred.succeed(own.done, undefined)), Effect.asVoid)
  return {
    takeIn: (plannedOps) =>
      Effect.suspend(() => {
        const ms = warmUpMs + takeInMs + plannedOps * planOpMs
        warmUpMs = 0
        if (ms <= 0) return Effect.void
        if (batch !== null) {
          batch.ms += ms
          return Deferred.await(batch.done)
        }
        const own = { ms, done: Deferred.makeUnsafe<void>() }
        batch = own
        // Nobody's own: who is cancelled leaves it to the others. It begins when all of this moment are heard.
        return Effect.andThen(Effect.forkDetach(takeAll(own)), Deferred.await(own.done))
      }),
    make: (key) =>
      Effect.suspend(() => {
        const known = objects.get(key)
        if (known !== undefined) return Deferred.await(known)
        const made = Deferred.makeUnsafe<void>()
        objects.set(key, made)
        const work = workers.withPermit(occupy(makeMs, busy))
        return onRuntime(orderMs).pipe(
          Effect.andThen(work),
          // A task that is cancelled leaves the object to the others.
          Effect.ensuring(Deferred.succeed(made, undefined)),
        )
      }),
    made: (key) => {
      if (objects.has(key)) return
      const made = Deferred.makeUnsafe<void>()
      Deferred.doneUnsafe(made, Effect.void)
      objects.set(key, made)
    },
    upload: onRuntime(uploadMs),
    dispatch: onRuntime(dispatchMs / 2),
  }
}

/** The lane is held while the plan is on its way to it, and its completion on the way back. */
export const dispatchedBy = (device: Device, { dispatch, upload }: HostWork): Device => ({
  ...device,
  upload: (id, data) => Effect.andThen(upload, device.upload(id, data)),
  submit: (request) =>
    dispatch.pipe(
      Effect.andThen(device.submit(request)),
      Effect.tap(() => dispatch),
    ),
})
