// How a plan is shown: a table of its operators, the peak, the residents; or the same as JSON.
import type { GraphShape } from "../model/Graph.ts"
import { alignUp, footprintBytes, type Plan } from "../model/Plan.ts"
import { left, mark, renderTable, right } from "./terminal.ts"
import { formatBytes, formatBytesExactly, formatCount, formatMs, formatSi } from "./units.ts"

export interface EstimateView {
  readonly plan: Plan
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

const fits = ({ plan, budgetBytes }: EstimateView): boolean | null =>
  budgetBytes === null ? null : footprintBytes(plan) <= budgetBytes

export const estimateText = (view: EstimateView): string => {
  const { plan, shape, budgetBytes } = view
  const peak = plan.costs[plan.peakOp]
  const lines = [
    shapeLine(shape),
    "",
    operatorTable(plan),
    "",
    residentTable(plan),
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
    const answer = fits(view) === true ? mark("green", "fits") : mark("red", "does not fit")
    lines.push(`budget     ${formatBytesExactly(budgetBytes)}: ${answer}`)
  }
  return lines.join("\n")
}

export const estimateJson = (view: EstimateView): object => {
  const { plan, shape, budgetBytes } = view
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
    ...(budgetBytes === null ? {} : { budgetBytes, fits: fits(view) }),
  }
}
