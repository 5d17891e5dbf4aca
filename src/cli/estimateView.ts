// How a plan is shown: a table of its operators, the peak, the residents; or the same as JSON.
import type { GraphShape } from "../model/Graph.ts"
import { alignUp, fastestWithin, footprintBytes, type Plan, slotsOn } from "../model/Plan.ts"
import { left, mark, renderTable, right } from "./terminal.ts"
import { formatBytes, formatBytesExactly, formatCount, formatMs, formatSi } from "./units.ts"

export interface EstimateView {
  /** The whole plan first, which the details are of. */
  readonly plans: readonly [Plan, ...ReadonlyArray<Plan>]
  readonly shape: GraphShape
  readonly budgetBytes: number | null
}

const operatorTable = ({ costs, peakOp, predictedMs }: Plan): string =>
  renderTable(
    [
      right("#"),
      left("operator"),
      left("kind"),
      right("output"),
      right("scratch"),
      right("live"),
      right("FLOPs"),
      right("bytes moved"),
      right("predicted"),
      right("share"),
      left(""),
    ],
    costs.map((cost, index) => [
      String(index),
      cost.name,
      cost.kind,
      formatBytes(cost.outputBytes),
      formatBytes(cost.scratchBytes),
      formatBytes(cost.liveBytes),
      formatSi(cost.flops),
      formatBytes(cost.bytesMoved),
      formatMs(cost.predictedMs),
      predictedMs > 0 ? `${Math.round((cost.predictedMs / predictedMs) * 100)} %` : "-",
      index === peakOp ? mark("yellow", "<- peak") : "",
    ]),
  )

const residentTable = (plan: Plan): string =>
  renderTable(
    [left("resident object"), right("bytes"), right("in the pool")],
    plan.residents.map(({ role, bytes }) => [
      role,
      formatCount(bytes),
      formatBytes(alignUp(bytes, plan.alignBytes)),
    ]),
  )

const hostBytes = (plan: Plan): number =>
  slotsOn(plan, "host").reduce((sum, { bytes }) => sum + bytes, 0)

const planTable = ({ plans, budgetBytes }: EstimateView): string => {
  const [whole] = plans
  const chosen = chosenPlan(plans, budgetBytes)
  return renderTable(
    [
      left("plan"),
      right("bytes"),
      right("of the whole"),
      right("in host memory"),
      right("operators"),
      right("predicted"),
      left(""),
    ],
    plans.map((plan) => [
      plan.name,
      formatBytes(footprintBytes(plan)),
      `${Math.round((100 * footprintBytes(plan)) / Math.max(1, footprintBytes(whole)))} %`,
      formatBytes(hostBytes(plan)),
      String(plan.ops.length),
      formatMs(plan.predictedMs),
      plan === chosen ? mark("green", "<- fits") : "",
    ]),
  )
}

/** What a device of so many bytes would run; null for nothing, or where no budget was named. */
const chosenPlan = (plans: ReadonlyArray<Plan>, budgetBytes: number | null): Plan | null =>
  budgetBytes === null ? null : fastestWithin(plans, budgetBytes)

const shapeLine = (shape: GraphShape): string => {
  const sparse =
    shape.featureNonZeros === null ? "dense" : `${formatCount(shape.featureNonZeros)} stored`
  const graphs = shape.numGraphs === null ? "" : `, ${formatCount(shape.numGraphs)} graphs`
  return (
    `graph: ${formatCount(shape.numNodes)} nodes, ${formatCount(shape.numEdges)} edges` +
    `${shape.hasEdgeWeight ? " with weights" : ""}, ${formatCount(shape.featureWidth)} features ` +
    `(${sparse})${graphs}`
  )
}

export const estimateText = (view: EstimateView): string => {
  const { plans, shape, budgetBytes } = view
  const [plan] = plans
  const peak = plan.costs[plan.peakOp]
  const lines = [
    shapeLine(shape),
    "",
    operatorTable(plan),
    "",
    residentTable(plan),
    "",
    planTable(view),
    "",
    `arena      ${formatBytesExactly(plan.arenaBytes)}` +
      (peak === undefined
        ? ""
        : `, peak ${formatBytes(plan.livePeakBytes)} at operator ${plan.peakOp} (${peak.name})`),
    `residents  ${formatBytesExactly(plan.residentBytes)}, shared with other tasks`,
    `${mark("bold", `in all     ${formatBytesExactly(footprintBytes(plan))}`)}`,
    `output     ${formatCount(plan.output.rows)} x ${formatCount(plan.output.cols)} float32`,
    `predicted  ${formatMs(plan.predictedMs)} alone on one lane`,
  ]
  if (budgetBytes !== null) {
    const chosen = chosenPlan(plans, budgetBytes)
    const how = chosen === plan ? "fits" : `fits as "${chosen?.name}"`
    const answer = chosen === null ? mark("red", "does not fit") : mark("green", how)
    lines.push(`budget     ${formatBytesExactly(budgetBytes)}: ${answer}`)
  }
  return lines.join("\n")
}

const planJson = (plan: Plan): object => ({
  name: plan.name,
  footprintBytes: footprintBytes(plan),
  arenaBytes: plan.arenaBytes,
  residentBytes: plan.residentBytes,
  hostBytes: hostBytes(plan),
  operators: plan.ops.length,
  predictedMs: plan.predictedMs,
})

export const estimateJson = ({ plans, shape, budgetBytes }: EstimateView): object => {
  const [plan] = plans
  const chosen = chosenPlan(plans, budgetBytes)
  return {
    graph: shape,
    operators: plan.costs,
    peak: { operator: plan.peakOp, name: plan.costs[plan.peakOp]?.name ?? null },
    livePeakBytes: plan.livePeakBytes,
    arenaBytes: plan.arenaBytes,
    residents: plan.residents,
    residentBytes: plan.residentBytes,
    footprintBytes: footprintBytes(plan),
    alignBytes: plan.alignBytes,
    output: { rows: plan.output.rows, cols: plan.output.cols },
    predictedMs: plan.predictedMs,
    plans: plans.map(planJson),
    ...(budgetBytes === null
      ? {}
      : { budgetBytes, fits: chosen !== null, plan: chosen?.name ?? null }),
  }
}
