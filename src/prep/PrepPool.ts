// The preparation service: reads files, builds CSR, derives what a network needs of a graph, packs
// weights. All of it happens in worker threads; results lie in shared memory.
import type { Effect } from "effect"
import type { InputError, PrepError } from "../model/errors.ts"
import type { GnnConfig, GnnModel, ModelSource } from "../model/GnnModel.ts"
import type { Graph, GraphShape, GraphSource } from "../model/Graph.ts"
import type { ResidentObject, ResidentRole } from "../model/Resident.ts"
import type { Neighbourhood, NeighbourhoodRequest } from "./neighbourhood.ts"
import type { UnionRequest } from "./uniteGraphs.ts"

/** What one task needs beyond what the graph and the model already have. */
export interface PrepareRequest {
  readonly taskId: string
  readonly graph: Graph
  readonly model: GnnModel
  readonly roles: ReadonlyArray<ResidentRole>
  readonly targets: ReadonlyArray<number> | Int32Array | null
}

export type { Neighbourhood, NeighbourhoodRequest, UnionRequest }

/** A deliberate failure of a worker, for fault injection. */
export type Sabotage = "crash" | "hang"

export interface PrepPoolService {
  /** From headers alone; of text files the edges are counted. */
  readonly graphShape: (source: GraphSource) => Effect.Effect<GraphShape, InputError | PrepError>
  /** Parses and checks the JSON alone. */
  readonly modelConfig: (source: ModelSource) => Effect.Effect<GnnConfig, InputError | PrepError>
  readonly loadGraph: (source: GraphSource) => Effect.Effect<Graph, InputError | PrepError>
  readonly loadModel: (source: ModelSource) => Effect.Effect<GnnModel, InputError | PrepError>
  /**
   * Resident objects for the roles asked, one each, in order. Answers from memory where it can
   * (graph arrays as they are; derived ones and packed weights once per graph and model).
   */
  readonly prepare: (
    request: PrepareRequest,
  ) => Effect.Effect<ReadonlyArray<ResidentObject>, InputError | PrepError>
  /**
   * Begins to compute what of the roles is computed and kept, and answers at once: whoever asks for it later
   * waits less. What fails is not kept: it fails for whoever asks.
   */
  readonly prefetch: (request: Omit<PrepareRequest, "targets">) => Effect.Effect<void>
  /** The same for what every task of a network needs. */
  readonly prefetchWeights: (model: GnnModel) => Effect.Effect<void>
  /** Settles when what was begun so has ended, however it ended. */
  readonly prefetched: Effect.Effect<void>
  /** null where it is larger than asked for, or where there are no edges to follow (simulations). */
  readonly neighbourhood: (
    request: NeighbourhoodRequest,
  ) => Effect.Effect<Neighbourhood | null, InputError | PrepError>
  /** Small graphs side by side, at once: it copies no more than a thread's message would. */
  readonly unite: (request: UnionRequest) => Effect.Effect<Graph, InputError | PrepError>
  /** Makes a real worker crash or hang; fails as any job on that worker would. */
  readonly sabotage: (job: string, kind: Sabotage) => Effect.Effect<never, PrepError>
  /** Forgets derived objects of a graph or model (by contentId). */
  readonly forget: (contentId: string) => Effect.Effect<void>
}

export interface PrepPoolOptions {
  /** Worker threads. */
  readonly threads: number
  /** A job that takes longer is ended with PrepTimeout and its worker replaced. */
  readonly timeoutMs: number
}
