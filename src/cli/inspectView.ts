// How `gnnsched inspect` shows a graph or a model to a person.
import { type GnnConfig, isAttention } from "../model/GnnModel.ts"
import type { Distribution, GraphFacts } from "./graphFacts.ts"
import type { ModelFacts } from "./modelFacts.ts"
import { left, renderTable, right, safeText } from "./terminal.ts"
import { formatBytes, formatCount, formatPercent } from "./units.ts"

const facts = (rows: ReadonlyArray<readonly [string, string]>): string => {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n")
}

const spread = ({ min, median, mean, p99, max }: Distribution): string =>
  `min ${formatCount(min)}, median ${formatCount(median)}, mean ${Number(mean.toFixed(2))}, ` +
  `p99 ${formatCount(p99)}, max ${formatCount(max)}`

export const graphText = (graph: GraphFacts): string => {
  const { features, bytes } = graph
  const rows: Array<readonly [string, string]> = [
    ["nodes", formatCount(graph.numNodes)],
    ["edges", formatCount(graph.numEdges)],
    ["in-degree", spread(graph.inDegree)],
    ["out-degree", spread(graph.outDegree)],
    ["isolated nodes", formatCount(graph.isolatedNodes)],
    ["self loops", formatCount(graph.selfLoops)],
    ["duplicate edges", formatCount(graph.duplicateEdges)],
    [
      "features",
      `${formatCount(features.width)} wide, ${features.kind === "csr" ? "sparse" : "dense"}, ` +
        `${formatCount(features.stored)} stored, ${formatPercent(features.nonZeroShare)} not zero`,
    ],
  ]
  if (graph.edgeWeight !== null) {
    rows.push(["edge weights", `${graph.edgeWeight.min} to ${graph.edgeWeight.max}`])
  }
  if (graph.graphs !== null) {
    rows.push(["graphs", formatCount(graph.graphs.count)], ["nodes a graph", spread(graph.graphs)])
  }
  rows.push(
    [
      "memory",
      `structure ${formatBytes(bytes.structure)}, features ${formatBytes(bytes.features)}`,
    ],
    ["content id", graph.contentId],
  )
  return facts(rows)
}

const configRows = (config: GnnConfig): ReadonlyArray<readonly [string, string]> => {
  const rows: Array<readonly [string, string]> = [
    ["architecture", config.architecture],
    ["widths", [config.inWidth, ...config.layers.map((layer) => layer.outWidth)].join(" -> ")],
    ["activation", `${config.activation.name}${config.activationFirst ? ", before the norm" : ""}`],
    ["batch norm", config.batchNorm === null ? "no" : `eps ${config.batchNorm.eps}`],
    ["bias", config.bias ? "yes" : "no"],
    ["readout", config.pooling ?? "none: a row per node"],
  ]
  if (config.logSoftmax) rows.push(["output", "log-softmax"])
  if (isAttention(config.architecture)) {
    rows.push(["heads", config.layers.map((layer) => layer.heads).join(", ")])
  }
  if (config.architecture === "GraphSAGE") rows.push(["aggregation", config.aggregation])
  if (config.propagations > 0) rows.push(["propagation steps", String(config.propagations)])
  if (config.architecture === "APPNP") rows.push(["alpha", String(config.teleport)])
  return rows
}

export const modelText = (model: ModelFacts): string => {
  const rows: Array<readonly [string, string]> = [
    ...(model.config === null ? [] : configRows(model.config)),
    ["parameters", formatCount(model.parameters)],
    ["weights", formatBytes(model.weightBytes)],
  ]
  if (model.contentId !== null) rows.push(["content id", model.contentId])
  if (model.note !== null) rows.push(["note", model.note])
  const tensors = renderTable(
    [left("tensor"), left("type"), right("shape")],
    model.tensors.map(({ name, dtype, shape }) => [
      safeText(name),
      dtype,
      shape.length === 0 ? "scalar" : shape.join(" x "),
    ]),
  )
  return `${facts(rows)}\n\n${tensors}`
}
