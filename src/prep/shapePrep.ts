// Preparation for simulations: graphs and models from their shapes alone, resident objects of the
// right size without any bytes. Nothing is loaded, and nothing here can be computed with: only a
// device that computes nothing may be given what it makes.
import { createHash } from "node:crypto"
import { Effect, Exit } from "effect"
import { type InputError, PrepTimeout, PrepWorkerLost } from "../model/errors.ts"
import type { GnnConfig, GnnModel, ModelSource } from "../model/GnnModel.ts"
import type { Graph, GraphShape, GraphSource } from "../model/Graph.ts"
import type { HostWork } from "../model/HostWork.ts"
import { limits } from "../model/limits.ts"
import { isTaggedError } from "../model/plainError.ts"
import type { ResidentObject, ResidentRole } from "../model/Resident.ts"
import { rowWorkBounds } from "../model/rowWork.ts"
import { weightLayout } from "../model/WeightLayout.ts"
import { readGraphShape } from "./loadGraph.ts"
import { readModelConfig } from "./model/loadModel.ts"
import type { PrepareRequest, PrepPoolService } from "./PrepPool.ts"
import { isDerived, residentKey, targetResident } from "./residentObjects.ts"
import { unionId, unionShape } from "./uniteGraphs.ts"

const noBytes = new Uint8Array(0)
const noInts = new Int32Array(0)
const noFloats = new Float32Array(0)

const digest = (parts: ReadonlyArray<unknown>): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex")

/** Where it comes from stands for what is in it; arrays in memory stand for themselves. */
const originOf = (source: GraphSource): unknown =>
  source.kind === "arrays" ? [source.numNodes, digest([[...source.edgeIndex].map(Number)])] : source

/** A graph whose arrays are empty: its shape alone is real. */
const shapeOnly = (contentId: string, shape: GraphShape, origin?: "union"): Graph => ({
  contentId,
  shape,
  rowOffsets: noInts,
  colIndices: noInts,
  edgeWeight: null,
  features: { kind: "dense", values: noFloats },
  graphOffsets: null,
  ...(origin === undefined ? {} : { origin: { kind: origin } }),
})

const shapeOnlyGraph = (source: GraphSource): Graph => {
  const shape = readGraphShape(source)
  return shapeOnly(digest(["graph", shape, originOf(source)]), shape)
}

const weightsOf = (source: ModelSource): unknown =>
  source.weights instanceof Map ? "arrays" : source.weights

/** A model without weights: its configuration alone is real. */
const shapeOnlyModel = (source: ModelSource): GnnModel => {
  const config = readModelConfig(source)
  const name = source.kind === "file" ? source.configPath : source.name
  const contentId = digest(["model", config, name, weightsOf(source)])
  return { contentId, name, config, weights: new Map() }
}

/** Bytes of a resident object, from shapes; the estimator compares them with the planner's. */
const bytesOf = (role: ResidentRole, shape: GraphShape, config: GnnConfig): number => {
  const { numNodes, numEdges, featureWidth, featureNonZeros, numGraphs } = shape
  switch (role) {
    case "graph.rowOffsets":
    case "x.rowOffsets":
      return 4 * (numNodes + 1)
    case "graph.colIndices":
    case "graph.edgeWeight":
      return 4 * numEdges
    case "graph.graphOffsets":
      return 4 * ((numGraphs ?? 1) + 1)
    case "graph.rowWork":
      return 4 * rowWorkBounds(numNodes, numEdges).words
    case "x.rowWork":
      return 4 * rowWorkBounds(numNodes, featureNonZeros ?? 0).words
    case "x.dense":
      return 4 * numNodes * featureWidth
    case "x.colIndices":
    case "x.values":
      return 4 * (featureNonZeros ?? 0)
    case "model.weights":
      return weightLayout(config).totalBytes
    default:
      // gcn.scale and gcn.selfWeight: a number per node
      return 4 * numNodes
  }
}

const prepareRole = (request: PrepareRequest, role: ResidentRole): ResidentObject => {
  const { graph, model, targets, taskId } = request
  if (role === "task.targets") {
    return targetResident({ taskId, targets: targets!, numNodes: graph.shape.numNodes })
  }
  const owner = role === "model.weights" ? model.contentId : graph.contentId
  const bytes = bytesOf(role, graph.shape, model.config)
  return { key: residentKey(owner, role), bytes, data: noBytes }
}

const atOnce = <A>(compute: () => A): Exit.Exit<A, InputError> => {
  try {
    return Exit.succeed(compute())
  } catch (thrown) {
    return isTaggedError(thrown) ? Exit.fail(thrown as InputError) : Exit.die(thrown)
  }
}

const lift = <A>(compute: () => A): Effect.Effect<A, InputError> =>
  Effect.suspend(() => atOnce(compute))

/** The objects of a task that a worker makes; the others lie there. */
const madeFor = ({ graph, model, roles }: Omit<PrepareRequest, "targets">): ReadonlyArray<string> =>
  roles
    .filter((role) => isDerived(role) && (role === "model.weights" || graph.origin === undefined))
    .map((role) => residentKey(role === "model.weights" ? model.contentId : graph.contentId, role))

/** One after another. */
const making = (hostWork: HostWork, request: PrepareRequest): Effect.Effect<void> =>
  Effect.forEach(madeFor(request), hostWork.make, { discard: true })

/**
 * Residents are prepared once and shared, as they are for real. It takes no virtual time but what
 * `hostWork` says.
 */
export const makeShapePrep = (hostWork: HostWork | null = null): PrepPoolService => {
  type Roles = PrepareRequest["roles"]
  type Prepared = Map<string, ReadonlyArray<ResidentObject>>
  const roleKeys = new WeakMap<Roles, string>()
  const keyOf = (roles: Roles): string => {
    const key = roleKeys.get(roles) ?? roles.join()
    roleKeys.set(roles, key)
    return key
  }
  const prepared = new WeakMap<GnnModel, WeakMap<Graph, Prepared>>()
  const prepare = (request: PrepareRequest): ReadonlyArray<ResidentObject> => {
    const make = () => request.roles.map((role) => prepareRole(request, role))
    if (request.targets !== null) return make()
    const graphs = prepared.get(request.model) ?? new WeakMap<Graph, Prepared>()
    prepared.set(request.model, graphs)
    const plans: Prepared = graphs.get(request.graph) ?? new Map()
    graphs.set(request.graph, plans)
    // Plans of one task differ in what they keep on the device, and so in their roles.
    const roles = keyOf(request.roles)
    const residents = plans.get(roles) ?? make()
    plans.set(roles, residents)
    return residents
  }
  return {
    graphShape: (source) => lift(() => readGraphShape(source)),
    modelConfig: (source) => lift(() => readModelConfig(source)),
    loadGraph: (source) => lift(() => shapeOnlyGraph(source)),
    loadModel: (source) => lift(() => shapeOnlyModel(source)),
    prepare: (request) =>
      hostWork === null
        ? atOnce(() => prepare(request))
        : Effect.andThen(
            making(hostWork, request),
            lift(() => prepare(request)),
          ),
    // Before the first task, when nothing waits: it costs no time that anybody sees.
    prefetch: (request) =>
      Effect.sync(() => {
        for (const key of madeFor(request)) hostWork?.made(key)
      }),
    prefetchWeights: ({ contentId }) =>
      Effect.sync(() => hostWork?.made(residentKey(contentId, "model.weights"))),
    prefetched: Effect.void,
    unite: (request) => lift(() => shapeOnly(unionId(request), unionShape(request), "union")),
    neighbourhood: () => Effect.succeed(null),
    sabotage: (job, kind) => {
      if (kind === "crash") {
        const reason = "injected fault"
        return Effect.fail(new PrepWorkerLost({ job, reason, transient: true }))
      }
      const timeoutMs = limits.prepTimeoutMs
      const timeout = new PrepTimeout({ job, timeoutMs, transient: false })
      return Effect.andThen(Effect.sleep(timeoutMs), Effect.fail(timeout))
    },
    forget: () => Effect.void,
  }
}
