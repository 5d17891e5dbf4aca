// The preparation service in this thread, from the very functions the workers run: for tests in
// virtual time, where real threads would bring real time in.
import { Effect } from "effect"
import type { ResidentObject, ResidentRole } from "../../src/model/Resident.ts"
import { gcnScale, gcnSelfWeight } from "../../src/prep/gcnNorm.ts"
import { loadGraph } from "../../src/prep/loadGraph.ts"
import { loadGnnModel, readModelConfig } from "../../src/prep/model/loadModel.ts"
import { packWeights } from "../../src/prep/model/packWeights.ts"
import type { PrepareRequest, PrepPoolService } from "../../src/prep/PrepPool.ts"
import {
  directResident,
  fillOf,
  makeResident,
  residentKey,
  targetResident,
} from "../../src/prep/residentObjects.ts"
import { buildRowWork, offsetsOfRole } from "../../src/prep/rowWork.ts"

const prepareRole = (request: PrepareRequest, role: ResidentRole): ResidentObject => {
  const { graph, model, targets, taskId } = request
  if (role === "task.targets") {
    return targetResident({ taskId, targets: targets!, numNodes: graph.shape.numNodes })
  }
  if (role === "model.weights") {
    return makeResident(residentKey(model.contentId, role), packWeights(model))
  }
  if (role.startsWith("gcn.scale@")) {
    return makeResident(residentKey(graph.contentId, role), gcnScale(graph, fillOf(role)))
  }
  if (role.startsWith("gcn.selfWeight@")) {
    return makeResident(residentKey(graph.contentId, role), gcnSelfWeight(graph, fillOf(role)))
  }
  if (role.endsWith(".rowWork")) {
    const work = buildRowWork(offsetsOfRole(graph, role))
    return makeResident(residentKey(graph.contentId, role), work)
  }
  return directResident(graph, role)
}

export const inThreadPrep: PrepPoolService = {
  graphShape: (source) => Effect.sync(() => loadGraph(source).shape),
  modelConfig: (source) => Effect.sync(() => readModelConfig(source)),
  loadGraph: (source) => Effect.sync(() => loadGraph(source)),
  loadModel: (source) => Effect.sync(() => loadGnnModel(source)),
  prepare: (request) => Effect.sync(() => request.roles.map((role) => prepareRole(request, role))),
  sabotage: (job) => Effect.die(new Error(`${job}: no thread to break here`)),
  forget: () => Effect.void,
}
