// The runtime on an emulated GPU that poisons every arena before a plan runs in it and looks, after
// each, for bytes that were written though no operator owns them.
import { Effect, type Scope } from "effect"
import type { Device } from "../../src/device/Device.ts"
import { loadAddon } from "../../src/device/native/Addon.ts"
import { type CudaDeviceOptions, openCudaDevice } from "../../src/device/native/cudaDevice.ts"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import type { Precision } from "../../src/model/precision.ts"
import type { TaskRecord } from "../../src/model/Task.ts"
import { type GnnSchedService, serveGnnSched } from "../../src/runtime/GnnSched.ts"
import { resolveOptions } from "../../src/runtime/options.ts"
import { emulatedAddon } from "../emulator/buildEmulated.ts"
import { inThreadPrep } from "../support/inThreadPrep.ts"

export const cudaOptions: CudaDeviceOptions = {
  lanes: 2,
  memoryBytes: 64 * 2 ** 20,
  addonPath: emulatedAddon,
}

export interface ServeOptions extends Partial<CudaDeviceOptions> {
  readonly precision?: Precision
}

export const serveDevice = Effect.fnUntraced(function* (
  device: Device,
  precision: Precision = "fp32",
) {
  const resolved = yield* resolveOptions({ device: "cuda", precision, shareWork: false })
  return yield* serveGnnSched({ ...resolved, device, prep: inThreadPrep })
})

export const serveCuda = ({ precision, ...options }: ServeOptions) =>
  Effect.flatMap(openCudaDevice({ ...cudaOptions, paint: true, ...options }), (device) =>
    serveDevice(device, precision),
  )

/** Of an emulated GPU, now. */
export const freeBytes = (gpu = 0): number => {
  const addon = loadAddon(emulatedAddon)
  if (addon._tag === "Failure") throw addon.failure
  return addon.success.gpus(gpu).freeBytes!
}

export interface Ran {
  readonly data: Float32Array
  readonly record: TaskRecord
}

export const runTask = Effect.fnUntraced(function* (
  service: GnnSchedService,
  source: { readonly graph: GraphSource; readonly model: ModelSource },
  id: string,
) {
  const graph = yield* service.loadGraph(source.graph)
  const model = yield* service.loadModel(source.model)
  const task = yield* service.submit({
    id,
    tenant: "test",
    graph: graph.id,
    model: model.id,
    nodes: null,
    deadlineMs: null,
    priority: 0,
  })
  const { output, record } = yield* task.result
  return { data: output.data, record } satisfies Ran
})

export const withCuda = <A>(
  options: Partial<CudaDeviceOptions>,
  use: (service: GnnSchedService) => Effect.Effect<A, unknown, Scope.Scope>,
): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(serveCuda(options), use)) as Effect.Effect<A>)
