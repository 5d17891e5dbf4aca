// Builds small plans from arrays and runs them on a device with fresh grants: the workbench of the
// native tests.
import { Effect } from "effect"
import type { Completion, Device, Grant, SubmitRequest } from "../../src/device/Device.ts"
import type { DeviceError } from "../../src/model/errors.ts"
import type { Op, Operand } from "../../src/model/Op.ts"
import { alignUp, type Plan } from "../../src/model/Plan.ts"
import type { ResidentSlot } from "../../src/model/Resident.ts"
import { sharedFloat32 } from "../../src/model/Tensor.ts"

const align = 64

/** A copy in shared memory, as bytes. */
export const sharedBytes = (data: Float32Array | Int32Array): Uint8Array => {
  const bytes = new Uint8Array(new SharedArrayBuffer(data.byteLength))
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return bytes
}

export class PlanBench {
  readonly uploads: Array<Uint8Array> = []
  readonly #slots: Array<ResidentSlot> = []
  readonly ops: Array<Op> = []
  readonly #align: number
  #arenaBytes = 0

  constructor(alignBytes = align) {
    this.#align = alignBytes
  }

  /** A resident object; `ld` 1 for vectors. */
  resident(data: Float32Array | Int32Array, ld = 1): Operand {
    this.uploads.push(sharedBytes(data))
    this.#slots.push({ role: "model.weights", bytes: data.byteLength })
    return { slot: this.uploads.length - 1, offset: 0, ld }
  }

  /** A range of the arena, [rows, cols] with rows `ld` apart. */
  arena(rows: number, cols: number, ld = cols): Operand {
    const operand = { slot: -1, offset: this.#arenaBytes, ld }
    this.#arenaBytes += alignUp(rows * cols === 0 ? 0 : ((rows - 1) * ld + cols) * 4, this.#align)
    return operand
  }

  plan(output: { operand: Operand; rows: number; cols: number }): Plan {
    return {
      name: "whole",
      ops: this.ops,
      residents: this.#slots,
      buffers: [],
      costs: [],
      alignBytes: this.#align,
      arenaBytes: this.#arenaBytes,
      residentBytes: this.#slots.reduce((sum, slot) => sum + alignUp(slot.bytes, this.#align), 0),
      livePeakBytes: this.#arenaBytes,
      peakOp: 0,
      output: { offset: output.operand.offset, rows: output.rows, cols: output.cols },
      predictedMs: 0,
    }
  }
}

export interface Placed {
  readonly plan: Plan
  readonly arena: Grant
  readonly residents: ReadonlyArray<Grant>
}

let nextId = 1
export const freshId = (): number => nextId++

/** Grants the plan's arena and residents from `base` on and uploads the residents. */
export const place = (
  device: Device,
  bench: PlanBench,
  plan: Plan,
  base = 0,
): Effect.Effect<Placed, DeviceError> =>
  Effect.gen(function* () {
    let offset = base
    const take = (bytes: number): Grant => {
      const grant = { id: freshId(), offset, bytes: alignUp(bytes, plan.alignBytes) }
      offset += grant.bytes
      return grant
    }
    const arena = take(plan.arenaBytes)
    yield* device.grant(arena)
    const residents: Array<Grant> = []
    for (const data of bench.uploads) {
      const grant = take(data.byteLength)
      residents.push(grant)
      yield* device.grant(grant)
      yield* device.upload(grant.id, data)
    }
    return { plan, arena, residents }
  })

export const release = (device: Device, placed: Placed): Effect.Effect<void, DeviceError> =>
  Effect.forEach([placed.arena, ...placed.residents], (grant) => device.revoke(grant.id), {
    discard: true,
  })

export const submit = (
  device: Device,
  { plan, arena, residents }: Placed,
  lane = 0,
  priority = 0,
  from: Pick<SubmitRequest, "firstOp" | "stop"> = {},
): Effect.Effect<{ readonly data: Float32Array; readonly completion: Completion }, DeviceError> => {
  const data = sharedFloat32(plan.output.rows * plan.output.cols)
  return device
    .submit({ lane, plan, arena, residents, output: data, priority, taskId: "test", ...from })
    .pipe(Effect.map((completion) => ({ data, completion })))
}

/** Places, runs and releases; grants are given back however the run ends. */
export const runOnce = (device: Device, bench: PlanBench, plan: Plan, lane = 0) =>
  Effect.acquireUseRelease(
    place(device, bench, plan),
    (placed) => submit(device, placed, lane),
    (placed) => release(device, placed).pipe(Effect.orDie),
  )
