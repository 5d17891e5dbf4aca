// The planner's door: from a network's configuration and a graph's shape to a plan. Lower to
// operators over virtual buffers, find when each is alive, place them, count what each op costs.
import * as Result from "effect/Result"
import type { InputError } from "../model/errors.ts"
import type { Op } from "../model/Op.ts"
import { alignUp, type OpCost, type Plan } from "../model/Plan.ts"
import { arenaLayout } from "./arenaLayout.ts"
import { checkRequest } from "./checkRequest.ts"
import { demandOf, type OpTime, predictOp } from "./latency.ts"
import { type Liveness, liveness } from "./liveness.ts"
import { lowerGatLayer } from "./lowerGat.ts"
import { lowerGcnLayer } from "./lowerGcn.ts"
import { lowerGinLayer } from "./lowerGin.ts"
import { lowerOutput } from "./lowerOutput.ts"
import { lowerSageLayer } from "./lowerSage.ts"
import { features } from "./lowerSteps.ts"
import { mapOperands } from "./mapOperands.ts"
import { opWork } from "./opWork.ts"
import { bufferOf, type DenseMatrix, type Matrix, PlanDraft } from "./PlanDraft.ts"
import type { PlanRequest } from "./PlanRequest.ts"

export type { PlanRequest } from "./PlanRequest.ts"

export type PlanTask = (request: PlanRequest) => Result.Result<Plan, InputError>

const lowerLayer = {
  GCN: lowerGcnLayer,
  GraphSAGE: lowerSageLayer,
  GIN: lowerGinLayer,
  GAT: lowerGatLayer,
} as const

/** Emits every operator; answers the matrix that is the result. */
const lower = (draft: PlanDraft): DenseMatrix => {
  const { architecture, layers } = draft.request.config
  const lowerOne: (draft: PlanDraft, layer: number, x: Matrix) => DenseMatrix =
    lowerLayer[architecture]
  let x = lowerOne(draft, 0, features(draft))
  for (let layer = 1; layer < layers.length; layer++) x = lowerOne(draft, layer, x)
  return lowerOutput(draft, x)
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

/** Gives every draft operand its place in the arena. */
const placeOps = (ops: ReadonlyArray<Op>, offsets: ReadonlyArray<number>): ReadonlyArray<Op> =>
  ops.map((op) =>
    mapOperands(op, (operand) => {
      const buffer = bufferOf(operand)
      return buffer < 0
        ? operand
        : { slot: -1, offset: offsets[buffer] + operand.offset, ld: operand.ld }
    }),
  )

const assemble = (draft: PlanDraft, output: DenseMatrix, live: Liveness): Plan => {
  const { request } = draft
  const layout = arenaLayout(live.ranges, live.livePeakBytes)
  const times = draft.ops.map((op) => predictOp(op, request.shape, request.profile))
  const costs = draft.ops.map((op, i) => costOf(op, live.liveBytes[i], times[i]))
  return {
    ops: placeOps(draft.ops, layout.offsets),
    residents: draft.residents,
    buffers: live.ranges.map((range, b) => ({ ...range, offset: layout.offsets[b] })),
    costs,
    alignBytes: request.alignBytes,
    arenaBytes: layout.arenaBytes,
    residentBytes: draft.residents.reduce((n, r) => n + alignUp(r.bytes, request.alignBytes), 0),
    livePeakBytes: live.livePeakBytes,
    peakOp: live.peakOp,
    output: {
      offset: layout.offsets[bufferOf(output.at)],
      rows: output.rows,
      cols: output.cols,
    },
    predictedMs: costs.reduce((ms, cost) => ms + cost.predictedMs, 0),
    demand: demandOf(times),
    variants: draft.variants,
  }
}

/** Fails with BadConfig, IndexOverflow or Unsupported; never for lack of memory. */
export const planTask: PlanTask = (request) => {
  const refusal = checkRequest(request)
  if (refusal !== null) return Result.fail(refusal)
  const draft = new PlanDraft(request)
  const output = lower(draft)
  const live = liveness(draft.ops, draft.buffers, bufferOf(output.at), request.alignBytes)
  return Result.succeed(assemble(draft, output, live))
}
