// A plan in several submissions, as one that is preempted runs: each goes on where the last one stopped,
// on another lane, in the same arena.
import { Effect } from "effect"
import { expect } from "vitest"
import type { Completion, Device } from "../../src/device/Device.ts"
import { StopSignal } from "../../src/device/StopSignal.ts"
import type { DeviceError } from "../../src/model/errors.ts"
import type { Plan } from "../../src/model/Plan.ts"
import type { PlanBench } from "./planBench.ts"
import { type Placed, place, release, runOnce, submit } from "./planBench.ts"

const headOf = (plan: Plan, ops: number): Plan => ({ ...plan, ops: plan.ops.slice(0, ops) })

interface Segments {
  readonly data: Float32Array
  readonly completions: ReadonlyArray<Completion>
}

/** Stopped before every operator: each submission runs one. */
const operatorByOperator = (device: Device, placed: Placed): Effect.Effect<Segments, DeviceError> =>
  Effect.gen(function* () {
    const { plan } = placed
    const completions: Array<Completion> = []
    let data: Float32Array = new Float32Array()
    for (let firstOp = 0; firstOp < plan.ops.length; firstOp++) {
      const head = { ...placed, plan: headOf(plan, firstOp + 1) }
      const ran = yield* submit(device, head, firstOp % device.info.lanes, 0, { firstOp })
      completions.push(ran.completion)
      data = ran.data
    }
    return { data, completions }
  })

/** The same bits and bytes as in one go, whichever operator it is stopped before. */
export const expectSameInSegments = (
  device: Device,
  { bench, plan }: { readonly bench: PlanBench; readonly plan: Plan },
) =>
  Effect.gen(function* () {
    const whole = yield* runOnce(device, bench, plan)
    const placed = yield* place(device, bench, plan)
    const { data, completions } = yield* operatorByOperator(device, placed)
    yield* release(device, placed)
    expect(Buffer.from(data.buffer).equals(Buffer.from(whole.data.buffer))).toBe(true)
    expect(completions.map(({ opsDone }) => opsDone)).toEqual(plan.ops.map((_, op) => op + 1))
    const last = completions.at(-1)!
    expect(last.measuredPeakBytes).toBe(whole.completion.measuredPeakBytes)
    if (whole.completion.ops.length > 0) {
      expect(completions.map(({ ops }) => ops.map(({ name }) => name))).toEqual(
        plan.ops.map(({ name }) => [name]),
      )
    }
  })

/** Asked to stop again and again while it runs, each time it goes on from where it came to. */
export const runStopping = (device: Device, placed: Placed) =>
  Effect.gen(function* () {
    let firstOp = 0
    let stops = 0
    for (;;) {
      const stop = new StopSignal()
      const asks = Effect.sync(() => stop.ask())
      const [ran] = yield* Effect.all(
        [
          submit(device, placed, 0, 0, { firstOp, stop }),
          Effect.andThen(Effect.yieldNow, stops < 20 ? asks : Effect.void),
        ],
        { concurrency: "unbounded" },
      )
      const { cancelled, opsDone } = ran.completion
      expect(opsDone).toBeGreaterThanOrEqual(firstOp)
      if (!cancelled) return { data: ran.data, stops, opsDone }
      stops++
      firstOp = opsDone
    }
  })
