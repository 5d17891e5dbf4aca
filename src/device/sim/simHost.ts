// The host of a simulated cpu device: one runtime thread and a few preparation workers. What they do
// is work beside that of the lanes, on the same cores, so that each slows the others.
import { Effect, Semaphore } from "effect"
import type { HostProfile } from "../../model/HostProfile.ts"
import type { HostWork } from "../../model/HostWork.ts"
import type { Demand } from "../../model/Plan.ts"
import type { Device } from "../Device.ts"

/** Takes `workMs` of a core, and longer beside others. */
export type Occupy = (workMs: number, demand: Demand) => Effect.Effect<void>

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
  // Scripts wait for memory, but move little of it.
  const busy: Demand = { bandwidth: 0, compute: helpers / cores }
  const runtimeThread = Semaphore.makeUnsafe(1)
  const workers = Semaphore.makeUnsafe(prepThreads)
  const objects = new Map<string, "making" | "made">()
  const onRuntime = (ms: number) =>
    ms > 0 ? runtimeThread.withPermit(occupy(ms, busy)) : Effect.void
  return {
    takeIn: (plannedOps) => onRuntime(takeInMs + plannedOps * planOpMs),
    make: (key) =>
      Effect.suspend(() => {
        const state = objects.get(key)
        if (state === "made") return Effect.void
        // Whoever comes meanwhile waits behind it.
        if (state === "making") return workers.withPermit(Effect.void)
        objects.set(key, "making")
        const done = Effect.sync(() => void objects.set(key, "made"))
        const made = workers.withPermit(Effect.andThen(occupy(makeMs, busy), done))
        return Effect.andThen(onRuntime(orderMs), made)
      }),
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
