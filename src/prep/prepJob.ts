// What crosses to a worker thread and back: plain data, arrays in shared memory. One dispatcher in
// prepWorker runs every kind of job.
import type { GnnConfig, GnnModel, ModelSource } from "../model/GnnModel.ts"
import type { Graph, GraphShape, GraphSource } from "../model/Graph.ts"
import type { PlainError } from "../model/plainError.ts"
import type { ResidentObject } from "../model/Resident.ts"
import type { Neighbourhood, NeighbourhoodRequest } from "./neighbourhood.ts"
import type { TargetList } from "./residentObjects.ts"

/** Each kind of job: what it is given and what it gives. */
interface Jobs {
  readonly graphShape: { readonly input: GraphSource; readonly output: GraphShape }
  readonly modelConfig: { readonly input: ModelSource; readonly output: GnnConfig }
  readonly loadGraph: { readonly input: GraphSource; readonly output: Graph }
  readonly loadModel: { readonly input: ModelSource; readonly output: GnnModel }
  readonly gcnScale: {
    readonly input: { readonly graph: Graph; readonly fill: number }
    readonly output: Float32Array
  }
  readonly gcnSelfWeight: {
    readonly input: { readonly graph: Graph; readonly fill: number }
    readonly output: Float32Array
  }
  /** int32 [N + 1] row offsets in, a work list out. */
  readonly rowWork: { readonly input: Int32Array; readonly output: Int32Array }
  readonly packWeights: { readonly input: GnnModel; readonly output: Float32Array }
  readonly targets: { readonly input: TargetList; readonly output: ResidentObject }
  readonly neighbourhood: {
    readonly input: NeighbourhoodRequest
    readonly output: Neighbourhood | null
  }
  readonly crash: { readonly input: null; readonly output: never }
  readonly hang: { readonly input: null; readonly output: never }
}

export type PrepJobKind = keyof Jobs
export type PrepInput<K extends PrepJobKind> = Jobs[K]["input"]
export type PrepOutput<K extends PrepJobKind> = Jobs[K]["output"]

/** The kind and its input together. */
export type PrepJob = {
  readonly [K in PrepJobKind]: { readonly kind: K; readonly input: PrepInput<K> }
}[PrepJobKind]

export interface PrepEnvelope {
  readonly job: PrepJob
  /** Shared; the worker sets it to 1 when it takes the job, so that a death has an owner. */
  readonly taken: Int32Array
}

export type PrepReply =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: PlainError }
  /** Something no reader foresaw, such as memory that cannot be had. */
  | { readonly kind: "broken"; readonly reason: string }
