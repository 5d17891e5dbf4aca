// Runs operator cases on two devices and compares: how far the device is from the float64
// reference, by kind of operator.
import { Effect } from "effect"
import type { Device, Grant } from "../../device/Device.ts"
import type { DeviceError } from "../../model/errors.ts"
import { alignUp } from "../../model/Plan.ts"
import { sharedFloat32 } from "../../model/Tensor.ts"
import { caseAlignBytes, type OpCase } from "./OpCase.ts"

/** float32 sums of a few hundred terms of size 1 stay well below this. */
export const selfCheckTolerance = 1e-4

export interface CheckResult {
  readonly title: string
  readonly cases: number
  /** Largest |a - b| / max(1, |b|); Infinity where one of the two is not a number. */
  readonly maxError: number
  readonly passed: boolean
}

/** Places the arena and the inputs one behind the other. */
const layOut = (
  one: OpCase,
): { readonly arena: Grant; readonly residents: ReadonlyArray<Grant> } => {
  const arena = { id: 1, offset: 0, bytes: one.plan.arenaBytes }
  let offset = arena.bytes
  const residents = one.inputs.map((data, index) => {
    const grant = { id: index + 2, offset, bytes: alignUp(data.byteLength, caseAlignBytes) }
    offset += grant.bytes
    return grant
  })
  return { arena, residents }
}

/** Bytes that a device needs for any of the cases. */
export const casesBytes = (cases: ReadonlyArray<OpCase>): number =>
  cases.reduce((most, { plan }) => Math.max(most, plan.arenaBytes + plan.residentBytes), 0)

export const runCase = Effect.fnUntraced(function* (
  device: Device,
  one: OpCase,
): Effect.fn.Return<Float32Array, DeviceError> {
  const { arena, residents } = layOut(one)
  const { rows, cols } = one.plan.output
  const output = sharedFloat32(rows * cols)
  for (const grant of [arena, ...residents]) yield* device.grant(grant)
  for (const [index, grant] of residents.entries()) {
    yield* device.upload(grant.id, one.inputs[index]!)
  }
  const taskId = `self-check ${one.title}`
  yield* device.submit({ lane: 0, plan: one.plan, arena, residents, output, priority: 0, taskId })
  for (const grant of [arena, ...residents]) yield* device.revoke(grant.id)
  return output
})

export const largestError = (found: Float32Array, expected: Float32Array): number => {
  let largest = 0
  for (const [index, value] of expected.entries()) {
    const error = Math.abs(found[index]! - value) / Math.max(1, Math.abs(value))
    if (Number.isNaN(error)) return Number.POSITIVE_INFINITY
    largest = Math.max(largest, error)
  }
  return largest
}

/** Results by title, in the order of the cases. */
export const selfCheck = Effect.fnUntraced(function* (
  device: Device,
  reference: Device,
  cases: ReadonlyArray<OpCase>,
): Effect.fn.Return<ReadonlyArray<CheckResult>, DeviceError> {
  const results = new Map<string, { cases: number; maxError: number }>()
  for (const one of cases) {
    const error = largestError(yield* runCase(device, one), yield* runCase(reference, one))
    const result = results.get(one.title) ?? { cases: 0, maxError: 0 }
    result.cases++
    result.maxError = Math.max(result.maxError, error)
    results.set(one.title, result)
  }
  return [...results].map(([title, result]) => ({
    title,
    ...result,
    passed: result.maxError <= selfCheckTolerance,
  }))
})
