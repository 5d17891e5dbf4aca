// The preparation service in this thread, from the very functions the workers run: for tests in
// virtual time, where real threads would bring real time in.
import { Effect } from "effect"
import type { ResidentObject, ResidentRole } from "../../src/model/Resident.ts"
import { derivedResident } from "../../src/prep/derivedResident.ts"
import { loadGraph } from "../../src/prep/loadGraph.ts"
import { loadGnnModel, readModelConfig } from "../../src/prep/model/loadModel.ts"
import { packWeights } from "../../src/prep/model/packWeights.ts"
import { extractNeighbourhood } from "../../src/prep/neighbourhood.ts"
import type { PrepareRequest, PrepPoolService } from "../../src/prep/PrepPool.ts"
import {
  directResident,
  isDerived,
  makeResident,
  partOfResident,
  residentKey,
  targetResident,
} from "../../src/prep/residentObjects.ts"
import { uniteGraphs } from "../../src/prep/uniteGraphs.ts"

const prepareRole = (request: PrepareRequest, role: ResidentRole): ResidentObject => {
  const { graph, model, targets, taskId } = request
  if (role === "task.targets") {
    return targetResident({ taskId, targets: targets!, numNodes: graph.shape.numNodes })
  }
  if (role === "model.weights") {
    return makeResident(residentKey(model.contentId, role), packWeights(model))
  }
  if (!isDerived(role)) return directResident(graph, role)
  const { origin } = graph
  return origin?.kind === "part" && role.startsWith("gcn.")
    ? partOfResident(derivedResident(origin.graph, role), graph, role)
    : derivedResident(graph, role)
}

export const inThreadPrep: PrepPoolService = {
  graphShape: (source) => Effect.sync(() => loadGraph(source).shape),
  modelConfig: (source) => Effect.sync(() => readModelConfig(source)),
  loadGraph: (source) => Effect.sync(() => loadGraph(source)),
  loadModel: (source) => Effect.sync(() => loadGnnModel(source)),
  prepare: (request) => Effect.sync(() => request.roles.map((role) => prepareRole(request, role))),
  prefetch: () => Effect.void,
  prefetchWeights: () => Effect.void,
  prefetched: Effect.void,
  neighbourhood: (request) => Effect.sync(() => extractNeighbourhood(request)),
  unite: (request) => Effect.sync(() => uniteGraphs(request)),
  sabotage: (job) => Effect.die(new Error(`${job}: no thread to break here`)),
  forget: () => Effect.void,
}
