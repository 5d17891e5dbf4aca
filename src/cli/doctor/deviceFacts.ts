// What a device does beside its operators: how fast bytes get there, and whether a whole network takes
// the memory that was predicted.
import { Clock, Effect } from "effect"
import type { Device } from "../../device/Device.ts"
import type { DeviceError } from "../../model/errors.ts"
import { Runtime } from "../../runtime/Runtime.ts"
import type { RuntimeApi, RuntimeOptions } from "../../runtime/RuntimeApi.ts"

/** Bytes of one copy: well beyond any cache, soon done over the slowest link. */
export const copyBytes = 32 * 2 ** 20
const copies = 4

/** From memory of the host to the device, the best of a few: bytes per second. */
export const measureCopy = Effect.fnUntraced(function* (
  device: Device,
): Effect.fn.Return<number, DeviceError> {
  const data = new Uint8Array(new SharedArrayBuffer(copyBytes)).fill(1)
  const grant = { id: 1, offset: 0, bytes: copyBytes }
  yield* device.grant(grant)
  let best = 0
  for (let copy = 0; copy < copies; copy++) {
    const before = yield* Clock.monotonicTimeNanos
    yield* device.upload(grant.id, data)
    const seconds = Number((yield* Clock.monotonicTimeNanos) - before) / 1e9
    best = Math.max(best, copyBytes / seconds)
  }
  yield* device.revoke(grant.id)
  return best
})

export interface MemoryCheck {
  readonly predictedBytes: number
  readonly measuredBytes: number
}

const config = {
  architecture: "GAT",
  in_channels: 1433,
  hidden_channels: 32,
  num_layers: 2,
  out_channels: 7,
  heads: 4,
}

const runNetwork = async (runtime: RuntimeApi): Promise<MemoryCheck> => {
  const graph = await runtime.loadGraph({ kind: "preset", preset: "cora", seed: 1, scale: 1 })
  const weights = { seed: 1 }
  const model = await runtime.loadModel({ kind: "arrays", name: "doctor", config, weights })
  const { record } = await runtime.submit({ graph, model }).result
  return {
    predictedBytes: record.predictedPeakBytes!,
    measuredBytes: record.measuredPeakBytes!,
  }
}

/** A network on a graph of Cora's size, through the runtime. */
export const checkMemory = async (options: RuntimeOptions): Promise<MemoryCheck> => {
  const runtime = await Runtime.open({ ...options, lanes: 1, inProcess: true })
  try {
    return await runNetwork(runtime)
  } finally {
    await runtime.close()
  }
}
