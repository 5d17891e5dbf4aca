// Loads a case in this thread, places it on a device and runs it.
import { Effect, type Scope } from "effect"
import type { DeviceProfile } from "../../cost/DeviceProfile.ts"
import { planFrontier } from "../../cost/planFrontier.ts"
import { planTask } from "../../cost/planTask.ts"
import type { Completion, Device, Grant } from "../../device/Device.ts"
import type { DeviceError, InputError } from "../../model/errors.ts"
import type { GnnModel } from "../../model/GnnModel.ts"
import type { Graph } from "../../model/Graph.ts"
import { ginEps } from "../../model/ginEps.ts"
import { alignUp, type Plan, slotsOn } from "../../model/Plan.ts"
import { isWritten, type ResidentObject, type ResidentSlot } from "../../model/Resident.ts"
import { sharedFloat32 } from "../../model/Tensor.ts"
import { gcnScale } from "../../prep/gcnNorm.ts"
import { loadGraph } from "../../prep/loadGraph.ts"
import { loadGnnModel } from "../../prep/model/loadModel.ts"
import { packWeights } from "../../prep/model/packWeights.ts"
import { directResident, fillOf, isDerived, makeResident } from "../../prep/residentObjects.ts"
import type { CalibrationCase } from "./calibrationCases.ts"

export interface PlacedPlan {
  readonly name: string
  readonly plan: Plan
  readonly arena: Grant
  readonly residents: ReadonlyArray<Grant>
  /** One array per slot in host memory, in order. */
  readonly host: ReadonlyArray<Uint8Array>
  readonly output: Float32Array
  /** First byte of the pool behind it. */
  readonly endOffset: number
}

/** One graph at a time is kept: the cases come graph by graph. */
export class GraphShelf {
  #key = ""
  #graph: Graph | null = null

  load(source: CalibrationCase["graph"]): Graph {
    const key = JSON.stringify(source)
    if (this.#graph === null || key !== this.#key) {
      this.#graph = loadGraph(source)
      this.#key = key
    }
    return this.#graph
  }
}

export interface PreparedCase {
  readonly name: string
  readonly plan: Plan
  /** One for each slot on the device, in order. */
  readonly residents: ReadonlyArray<ResidentObject>
  readonly host: ReadonlyArray<Uint8Array>
}

interface PrepareOptions {
  readonly alignBytes: number
  readonly profile: DeviceProfile
}

const objectOf = (graph: Graph, model: GnnModel, { role }: ResidentSlot): ResidentObject => {
  if (!isDerived(role)) return directResident(graph, role)
  const array = role === "model.weights" ? packWeights(model) : gcnScale(graph, fillOf(role))
  return makeResident(role, array)
}

const bytesFor = (graph: Graph, model: GnnModel, slot: ResidentSlot): Uint8Array =>
  isWritten(slot)
    ? new Uint8Array(sharedFloat32(slot.bytes / 4).buffer)
    : objectOf(graph, model, slot).data

const prepared = (name: string, graph: Graph, model: GnnModel, plan: Plan): PreparedCase => ({
  name,
  plan,
  residents: slotsOn(plan, "device").map((slot) => objectOf(graph, model, slot)),
  host: slotsOn(plan, "host").map((slot) => bytesFor(graph, model, slot)),
})

/** With its whole plan, and where it asks for them with the smaller ones. */
export const prepareCase = (
  graph: Graph,
  { model: source, name, parts }: CalibrationCase,
  { alignBytes, profile }: PrepareOptions,
): Effect.Effect<readonly [PreparedCase, ...ReadonlyArray<PreparedCase>], InputError> =>
  Effect.gen(function* () {
    const model = loadGnnModel(source(graph.shape.featureWidth))
    const { config } = model
    const { shape } = graph
    const request = { config, shape, targets: null, alignBytes, profile, ginEps: ginEps(model) }
    if (!parts) {
      return [prepared(name, graph, model, yield* Effect.fromResult(planTask(request)))] as const
    }
    const [whole, ...others] = yield* Effect.fromResult(planFrontier(request))
    const inParts = others.map((plan) => prepared(`${name}, ${plan.name}`, graph, model, plan))
    return [prepared(name, graph, model, whole), ...inParts] as const
  })

let nextGrant = 1

/** Grants and uploads from `baseOffset` on, for the life of the scope. */
export const placePlan = (
  device: Device,
  { host, name, plan, residents }: PreparedCase,
  baseOffset: number,
): Effect.Effect<PlacedPlan, DeviceError, Scope.Scope> =>
  Effect.gen(function* () {
    let endOffset = baseOffset
    const take = (bytes: number) =>
      Effect.suspend(() => {
        const id = nextGrant++
        const grant = { id, offset: endOffset, bytes: alignUp(bytes, plan.alignBytes) }
        endOffset += grant.bytes
        const granted = Effect.as(device.grant(grant), grant)
        return Effect.acquireRelease(granted, () => Effect.orDie(device.revoke(id)))
      })
    const arena = yield* take(plan.arenaBytes)
    const grants: Array<Grant> = []
    for (const resident of residents) {
      const grant = yield* take(resident.bytes)
      if (resident.bytes > 0) yield* device.upload(grant.id, resident.data)
      grants.push(grant)
    }
    const output = sharedFloat32(plan.output.rows * plan.output.cols)
    return { name, plan, arena, residents: grants, host, output, endOffset }
  })

export const runPlaced = (
  device: Device,
  { name, plan, arena, residents, host, output }: PlacedPlan,
  lane: number,
): Effect.Effect<Completion, DeviceError> =>
  device.submit({ lane, plan, arena, residents, host, output, priority: 0, taskId: name })

export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

/** Linear between the nearest ranks. */
export const quantile = (values: ReadonlyArray<number>, q: number): number => {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const at = q * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low)
}
