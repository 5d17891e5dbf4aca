// The planner's door: from a network's configuration and a graph's shape to a plan. Lower to
// operators over virtual buffers, find when each is alive, place them, count what each op costs.
import * as Result from "effect/Result"
import type { InputError } from "../model/errors.ts"
import type { Op, Operand } from "../model/Op.ts"
import { alignUp, type OpCost, type Plan } from "../model/Plan.ts"
import { arenaLayout } from "./arenaLayout.ts"
import { checkRequest } from "./checkRequest.ts"
import { demandOf, type OpTime, predictOp } from "./latency.ts"
import { type Liveness, liveness } from "./liveness.ts"
import { lowerAppnpLayer, lowerAppnpSteps } from "./lowerAppnp.ts"
import { lowerGatLayer } from "./lowerGat.ts"
import { lowerGatV2Layer } from "./lowerGatV2.ts"
import { lowerGcnLayer } from "./lowerGcn.ts"
import { lowerGinLayer } from "./lowerGin.ts"
import { lowerOutput } from "./lowerOutput.ts"
import { lowerSageLayer } from "./lowerSage.ts"
import { lowerSgcLayer } from "./lowerSgc.ts"
import { features } from "./lowerSteps.ts"
import { mapOperands } from "./mapOperands.ts"
import { opWork } from "./opWork.ts"
import {
  bufferOf,
  type DenseMatrix,
  type Matrix,
  type NetworkDraft,
  PlanDraft,
} from "./PlanDraft.ts"
import type { PlanRequest } from "./PlanRequest.ts"

export type { PlanRequest } from "./PlanRequest.ts"

export type PlanTask = (request: PlanRequest) => Result.Result<Plan, InputError>

const lowerLayer = {
  GCN: lowerGcnLayer,
  GraphSAGE: lowerSageLayer,
  GIN: lowerGinLayer,
  GAT: lowerGatLayer,
  GATv2: lowerGatV2Layer,
  SGC: lowerSgcLayer,
  APPNP: lowerAppnpLayer,
} as const

/** Every operator of the network, over buffers of their own. */
export const lower = (request: PlanRequest): NetworkDraft => {
  const draft = new PlanDraft(request)
  const { architecture, layers } = request.config
  const lowerOne: (draft: PlanDraft, layer: number, x: Matrix) => DenseMatrix =
    lowerLayer[architecture]
  let x = lowerOne(draft, 0, features(draft))
  for (let layer = 1; layer < layers.length; layer++) x = lowerOne(draft, layer, x)
  if (architecture === "APPNP") x = lowerAppnpSteps(draft, x)
  return { draft, output: lowerOutput(draft, x) }
}

const costOf = (op: Op, liveBytes: number, { ms }: OpTime): OpCost => {
  const work = opWork(op)
  return {
    name: op.name,
    kind: op.kind,
    outputBytes: work.outputBytes,
    // A buffer of the plan as well, alive for this operator alone.
    scratchBytes: 4 * (("memory" in op ? op.memory?.scratch?.words : null) ?? 0),
    liveBytes,
    flops: work.flops,
    bytesMoved: work.streamBytes + work.gatherBytes,
    predictedMs: ms,
  }
}

/** Where the buffers lie: in the arena, or in the task's own memory on the host. */
interface Layout {
  readonly live: Liveness
  readonly offsets: ReadonlyArray<number>
  readonly bytes: number
}

const layoutOf = (draft: PlanDraft, output: number, host: boolean): Layout => {
  const { alignBytes } = draft.request
  const live = liveness(draft.ops, draft.buffers, output, { alignBytes, host })
  const { offsets, arenaBytes } = arenaLayout(live.ranges, live.livePeakBytes)
  return { live, offsets, bytes: arenaBytes }
}

/** Gives the draft's host buffers a slot of their own. */
const spill = (
  draft: PlanDraft,
): { readonly slot: number; readonly offsets: Layout["offsets"] } => {
  if (!draft.buffers.some(({ host }) => host)) return { slot: -1, offsets: [] }
  const { bytes, offsets } = layoutOf(draft, -1, true)
  return { slot: draft.residents.push({ role: "task.spill", bytes, host: true }) - 1, offsets }
}

/** The plan of a draft: its buffers placed, its operators costed. */
export const assemble = (name: string, { draft, output }: NetworkDraft): Plan => {
  const { alignBytes, profile, shape } = draft.request
  const arena = layoutOf(draft, bufferOf(output.at), false)
  const host = spill(draft)
  const place = (operand: Operand): Operand => {
    const buffer = bufferOf(operand)
    if (buffer < 0) return operand
    const { slot, offsets } = draft.buffers[buffer].host ? host : { ...arena, slot: -1 }
    return { ...operand, slot, offset: offsets[buffer] + operand.offset }
  }
  const times = draft.ops.map((op) => predictOp(op, shape, profile))
  const { live } = arena
  const costs = draft.ops.map((op, i) => costOf(op, live.liveBytes[i], times[i]))
  const { slot, offset } = place(output.at)
  const buffers = live.ranges.map((range, b) => ({ ...range, offset: arena.offsets[b] }))
  return {
    name,
    ops: draft.ops.map((op) => mapOperands(op, place)),
    residents: draft.residents,
    buffers: buffers.filter((_, b) => !draft.buffers[b].host),
    costs,
    alignBytes,
    arenaBytes: arena.bytes,
    residentBytes: draft.residents.reduce(
      (sum, { bytes, host: away }) => sum + (away ? 0 : alignUp(bytes, alignBytes)),
      0,
    ),
    livePeakBytes: live.livePeakBytes,
    peakOp: live.peakOp,
    output: {
      ...(slot < 0 ? {} : { slot }),
      offset,
      rows: output.rows,
      cols: output.cols,
    },
    predictedMs: costs.reduce((ms, cost) => ms + cost.predictedMs, 0),
    demand: demandOf(times),
    variants: draft.variants,
  }
}

/** Everything on the device at once. Fails with BadConfig, IndexOverflow or Unsupported, never for memory. */
export const planTask: PlanTask = (request) => {
  const refusal = checkRequest(request)
  if (refusal !== null) return Result.fail(refusal)
  return Result.succeed(assemble("whole", lower(request)))
}
