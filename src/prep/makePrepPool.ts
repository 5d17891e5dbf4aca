// Opens the preparation service over real worker threads. Only heavy things cross to a thread: what
// lies in memory already, or costs less than the crossing, is answered at once.
import { Effect, FiberSet, type Scope } from "effect"
import type { InputError, PrepError } from "../model/errors.ts"
import type { GnnModel, ModelSource } from "../model/GnnModel.ts"
import type { Graph, GraphSource } from "../model/Graph.ts"
import { limits } from "../model/limits.ts"
import { isTaggedError } from "../model/plainError.ts"
import type { ResidentObject, ResidentRole } from "../model/Resident.ts"
import { DerivedCache } from "./DerivedCache.ts"
import { derivedResident } from "./derivedResident.ts"
import { arraysShape } from "./graphArrays.ts"
import { extractNeighbourhood } from "./neighbourhood.ts"
import type { PrepareRequest, PrepPoolOptions, PrepPoolService } from "./PrepPool.ts"
import { openPrepWorkers, type PrepWorkers } from "./PrepWorkers.ts"
import { presetShape } from "./presets/presetShape.ts"
import {
  type DerivedRole,
  directResident,
  fillOf,
  isDerived,
  makeResident,
  partOfResident,
  residentKey,
  targetResident,
} from "./residentObjects.ts"
import { offsetsOfRole } from "./rowWork.ts"
import { uniteGraphs } from "./uniteGraphs.ts"

type Prepared = Effect.Effect<ResidentObject, InputError | PrepError>

/** Runs at once; a tagged error that is thrown becomes the failure, anything else is a defect. */
const lift = <A>(compute: () => A): Effect.Effect<A, InputError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(compute())
    } catch (thrown) {
      return isTaggedError(thrown) ? Effect.fail(thrown as InputError) : Effect.die(thrown)
    }
  })

/** What a derived role is computed from. */
const ownerOf = (request: PrepareRequest, role: DerivedRole): string =>
  role === "model.weights" ? request.model.contentId : request.graph.contentId

const packedWeights = (workers: PrepWorkers, model: GnnModel, user: string): Prepared =>
  Effect.map(workers.run(`model.weights for ${user}`, "packWeights", model), (array) =>
    makeResident(residentKey(model.contentId, "model.weights"), array),
  )

const computeDerived = (
  workers: PrepWorkers,
  request: PrepareRequest,
  role: DerivedRole,
): Prepared => {
  const { graph, model, taskId } = request
  if (role === "model.weights") return packedWeights(workers, model, taskId)
  const name = `${role} for ${taskId}`
  const packed = (array: Float32Array | Int32Array) =>
    makeResident(residentKey(graph.contentId, role), array)
  if (role.endsWith(".rowWork")) {
    return Effect.map(workers.run(name, "rowWork", offsetsOfRole(graph, role)), packed)
  }
  const kind = role.startsWith("gcn.scale@") ? "gcnScale" : "gcnSelfWeight"
  return Effect.map(workers.run(name, kind, { graph, fill: fillOf(role) }), packed)
}

/** Of a graph that was made for one run, which is small: computed here, kept nowhere. */
const deriveNow = (
  workers: PrepWorkers,
  cache: DerivedCache,
  request: PrepareRequest,
  role: DerivedRole,
): Prepared => {
  const { graph } = request
  const whole = wholeOf(request, role)
  return whole === null
    ? lift(() => derivedResident(graph, role))
    : Effect.map(prepareRole(workers, cache, { ...request, graph: whole }, role), (object) =>
        partOfResident(object, graph, role),
      )
}

const prepareTargets = (workers: PrepWorkers, request: PrepareRequest): Prepared => {
  const { targets, taskId, graph } = request
  if (targets === null) return Effect.die(new Error(`task ${taskId} has no targets`))
  const list = { taskId, targets, numNodes: graph.shape.numNodes }
  return targets.length <= limits.maxInlineTargets || targets.length > limits.maxTargets
    ? lift(() => targetResident(list))
    : workers.run(`targets of ${taskId}`, "targets", list)
}

const prepareRole = (
  workers: PrepWorkers,
  cache: DerivedCache,
  request: PrepareRequest,
  role: ResidentRole,
): Prepared => {
  if (role === "task.targets") return prepareTargets(workers, request)
  if (!isDerived(role)) return lift(() => directResident(request.graph, role))
  if (role !== "model.weights" && request.graph.origin !== undefined) {
    return deriveNow(workers, cache, request, role)
  }
  const compute = computeDerived(workers, request, role)
  return cache.get(ownerOf(request, role), role, compute)
}

/** Nothing of this request needs a thread: the answer is there within the call. */
const isAtHand = (cache: DerivedCache, request: PrepareRequest): boolean =>
  (request.targets === null || request.targets.length <= limits.maxInlineTargets) &&
  request.roles.every((role) => {
    if (!isDerived(role)) return true
    const graph = wholeOf(request, role) ?? request.graph
    const madeHere = graph.origin !== undefined && role !== "model.weights"
    return madeHere || cache.find(ownerOf({ ...request, graph }, role), role) !== null
  })

/** A part's nodes have the degrees that they have in the whole. */
const wholeOf = ({ graph: { origin } }: PrepareRequest, role: DerivedRole): Graph | null =>
  origin?.kind === "part" && role.startsWith("gcn.") ? origin.graph : null

const nameOfGraph = (source: GraphSource): string => {
  if (source.kind === "arrays") return "graph (arrays)"
  if (source.kind === "shape") return `graph ${source.name}`
  return source.kind === "preset" ? `graph ${source.preset}` : `graph ${source.path}`
}

const nameOfModel = (source: ModelSource): string =>
  `model ${source.kind === "file" ? source.configPath : source.name}`

/**
 * A pool of `threads` workers for the life of the scope. A lost worker fails its job with
 * PrepWorkerLost (transient: another worker may do better); a job beyond `timeoutMs` fails with
 * PrepTimeout (not transient: it would take as long again). Interruption ends the job's worker.
 */
export const makePrepPool = (
  options: PrepPoolOptions,
): Effect.Effect<PrepPoolService, never, Scope.Scope> =>
  Effect.gen(function* () {
    const workers = yield* openPrepWorkers(options)
    const scope = yield* Effect.scope
    const cache = new DerivedCache(scope)
    const ahead = yield* FiberSet.make()
    const begin = (object: Prepared) =>
      Effect.asVoid(FiberSet.run(ahead, Effect.exit(object), { startImmediately: true }))
    const service: PrepPoolService = {
      graphShape: (source) => {
        if (source.kind === "preset") return lift(() => presetShape(source))
        if (source.kind === "arrays") return lift(() => arraysShape(source))
        return workers.run(nameOfGraph(source), "graphShape", source)
      },
      modelConfig: (source) => workers.run(nameOfModel(source), "modelConfig", source),
      loadGraph: (source) => workers.run(nameOfGraph(source), "loadGraph", source),
      loadModel: (source) => workers.run(nameOfModel(source), "loadModel", source),
      prepare: (request) =>
        Effect.suspend(() => {
          const concurrency = isAtHand(cache, request) ? 1 : "unbounded"
          const prepared = (role: ResidentRole) => prepareRole(workers, cache, request, role)
          return Effect.forEach(request.roles, prepared, { concurrency })
        }),
      prefetch: (request) => {
        const ofTask = { ...request, targets: null }
        const kept = request.roles.filter((role) => isDerived(role))
        return Effect.forEach(kept, (role) => begin(prepareRole(workers, cache, ofTask, role)), {
          discard: true,
        })
      },
      prefetchWeights: (model) =>
        begin(
          cache.get(model.contentId, "model.weights", packedWeights(workers, model, model.name)),
        ),
      prefetched: FiberSet.awaitEmpty(ahead),
      neighbourhood: (request) =>
        request.maxVisited <= limits.maxInlineVisited
          ? lift(() => extractNeighbourhood(request))
          : workers.run(`neighbourhood for ${request.taskId}`, "neighbourhood", request),
      unite: (request) => lift(() => uniteGraphs(request)),
      sabotage: (job, kind) => workers.run(job, kind, null) as Effect.Effect<never, PrepError>,
      forget: (contentId) => Effect.sync(() => cache.forget(contentId)),
    }
    return service
  })
