// The objects that are computed from a graph, in the calling thread.
import type { Graph } from "../model/Graph.ts"
import type { ResidentObject } from "../model/Resident.ts"
import { gcnScale, gcnSelfWeight } from "./gcnNorm.ts"
import { type DerivedRole, fillOf, makeResident, residentKey } from "./residentObjects.ts"
import { buildRowWork, offsetsOfRole } from "./rowWork.ts"

const arrayOf = (graph: Graph, role: DerivedRole): Float32Array | Int32Array => {
  if (role.endsWith(".rowWork")) return buildRowWork(offsetsOfRole(graph, role))
  return role.startsWith("gcn.scale@")
    ? gcnScale(graph, fillOf(role))
    : gcnSelfWeight(graph, fillOf(role))
}

export const derivedResident = (graph: Graph, role: DerivedRole): ResidentObject =>
  makeResident(residentKey(graph.contentId, role), arrayOf(graph, role))
