// PyG's basic GNNs in eval mode, written from their forward methods over edge lists in float64, with
// nothing reordered, folded or fused: the oracle of the planner on networks that no file holds.
import type { Activation, GnnModel } from "../../src/model/GnnModel.ts"
import type { ArraysGraph } from "./plannedRun.ts"

/** A row this much shorter than its terms could make it is told from none by rounding (weights are float32). */
const cancellation = 1e-4

type Rows = ReadonlyArray<ReadonlyArray<number>>

interface Edge {
  readonly source: number
  readonly target: number
  readonly weight: number
}

const erf = (x: number): number => {
  // Series below 3, where its terms are small enough; beyond, erf is 1 to nine digits.
  if (Math.abs(x) > 3.5) return Math.sign(x)
  let [term, sum] = [x, x]
  for (let k = 1; k < 200; k++) {
    term *= (-x * x) / k
    sum += term / (2 * k + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

const activate = ({ name, parameter }: Activation, v: number): number => {
  switch (name) {
    case "identity":
      return v
    case "relu":
      return Math.max(v, 0)
    case "elu":
      return v > 0 ? v : parameter * (Math.exp(v) - 1)
    case "leaky_relu":
      return v > 0 ? v : parameter * v
    case "tanh":
      return Math.tanh(v)
    case "sigmoid":
      return 1 / (1 + Math.exp(-v))
    case "gelu":
      return 0.5 * v * (1 + erf(v / Math.SQRT2))
    case "silu":
      return v / (1 + Math.exp(-v))
  }
}

/** Reads the weights by PyG's names. */
class Forward {
  readonly #model: GnnModel
  readonly #edges: ReadonlyArray<Edge>
  readonly #weighted: boolean
  readonly #nodes: number
  /** A row was scaled to length 1 that was nothing but the rounding of terms that cancel. */
  cancelled = false

  constructor(model: GnnModel, graph: ArraysGraph) {
    this.#model = model
    this.#nodes = graph.numNodes
    this.#weighted = graph.edgeWeight !== null
    const count = graph.edgeIndex.length / 2
    this.#edges = Array.from({ length: count }, (_, e) => ({
      source: Number(graph.edgeIndex[e]),
      target: Number(graph.edgeIndex[count + e]),
      weight: graph.edgeWeight?.[e] ?? 1,
    }))
  }

  #tensor(name: string): ReadonlyArray<number> {
    return Array.from(this.#model.weights.get(name)!.data as Float32Array)
  }

  #linear(x: Rows, name: string): Rows {
    const weight = this.#tensor(`${name}.weight`)
    const bias = this.#model.weights.has(`${name}.bias`) ? this.#tensor(`${name}.bias`) : null
    const [outWidth, inWidth] = this.#model.weights.get(`${name}.weight`)!.shape as [number, number]
    return x.map((row) =>
      Array.from({ length: outWidth }, (_, o) => {
        const dot = row.reduce((sum, v, i) => sum + v * weight[o * inWidth + i]!, 0)
        return dot + (bias?.[o] ?? 0)
      }),
    )
  }

  #batchNorm(x: Rows, name: string): Rows {
    const [w, b, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      this.#tensor(`${name}.module.${part}`),
    )
    const { eps } = this.#model.config.batchNorm!
    return x.map((row) =>
      row.map((v, c) => ((v - mean![c]!) / Math.sqrt(variance![c]! + eps)) * w![c]! + b![c]!),
    )
  }

  /** What stands between two layers, and between the two linears of GIN's MLP. */
  #between(x: Rows, norm: string): Rows {
    const { activation, activationFirst, batchNorm } = this.#model.config
    const act = (rows: Rows) => rows.map((row) => row.map((v) => activate(activation, v)))
    const first = activationFirst ? act(x) : x
    const normed = batchNorm === null ? first : this.#batchNorm(first, norm)
    return activationFirst ? normed : act(normed)
  }

  #scatter(x: Rows, edges: ReadonlyArray<Edge>, width: number): number[][] {
    const out = Array.from({ length: this.#nodes }, () => new Array<number>(width).fill(0))
    for (const { source, target, weight } of edges)
      for (let c = 0; c < width; c++) out[target]![c]! += weight * x[source]![c]!
    return out
  }

  /** add_remaining_self_loops, then gcn_norm. */
  #gcnEdges(): ReadonlyArray<Edge> {
    const { gcnNormalize, addSelfLoops, selfLoopFill } = this.#model.config
    if (!gcnNormalize) return this.#edges
    let edges = this.#edges
    if (addSelfLoops) {
      // Without edge weights PyG builds them after the loops are there: all ones.
      const loops = new Array<number>(this.#nodes).fill(this.#weighted ? selfLoopFill : 1)
      for (const { source, target, weight } of edges) if (source === target) loops[source] = weight
      edges = edges
        .filter(({ source, target }) => source !== target)
        .concat(loops.map((weight, node) => ({ source: node, target: node, weight })))
    }
    const degree = new Array<number>(this.#nodes).fill(0)
    for (const { target, weight } of edges) degree[target]! += weight
    const scale = degree.map((d) => (d === 0 ? 0 : d ** -0.5))
    return edges.map((e) => ({ ...e, weight: scale[e.source]! * e.weight * scale[e.target]! }))
  }

  #gcn(x: Rows, conv: string, width: number): Rows {
    const out = this.#scatter(this.#linear(x, `${conv}.lin`), this.#gcnEdges(), width)
    const bias = this.#model.config.bias ? this.#tensor(`${conv}.bias`) : null
    return out.map((row) => row.map((v, c) => v + (bias?.[c] ?? 0)))
  }

  /** SGConv: K propagations, then the linear layer. */
  #sgc(x: Rows, conv: string, inWidth: number): Rows {
    const edges = this.#gcnEdges()
    let rows = x
    for (let k = 0; k < this.#model.config.propagations; k++)
      rows = this.#scatter(rows, edges, inWidth)
    return this.#linear(rows, `${conv}.lin`)
  }

  /** APPNP's steps after the MLP. */
  #appnp(start: Rows): Rows {
    const { propagations, teleport, outWidth } = this.#model.config
    const edges = this.#gcnEdges()
    let rows = start
    for (let k = 0; k < propagations; k++)
      rows = this.#scatter(rows, edges, outWidth).map((row, n) =>
        row.map((v, c) => (1 - teleport) * v + teleport * start[n]![c]!),
      )
    return rows
  }

  #sage(x: Rows, conv: string, inWidth: number): Rows {
    const { aggregation, rootWeight, l2Normalize, project } = this.#model.config
    const source = project
      ? this.#linear(x, `${conv}.lin`).map((row) => row.map((v) => Math.max(v, 0)))
      : x
    const reduced = Array.from({ length: this.#nodes }, (_, node) => {
      const incoming = this.#edges.filter((e) => e.target === node).map((e) => source[e.source]!)
      return Array.from({ length: inWidth }, (_, c) => {
        if (incoming.length === 0) return 0
        if (aggregation === "max") return Math.max(...incoming.map((row) => row[c]!))
        const sum = incoming.reduce((total, row) => total + row[c]!, 0)
        return aggregation === "mean" ? sum / incoming.length : sum
      })
    })
    const left = this.#linear(reduced, `${conv}.lin_l`)
    const right = rootWeight ? this.#linear(x, `${conv}.lin_r`) : null
    const out = left.map((row, n) => row.map((v, c) => v + (right === null ? 0 : right[n]![c]!)))
    if (!l2Normalize) return out
    const sizes = this.#sizes(source, rootWeight ? x : null, conv)
    return out.map((row, n) => {
      const norm = Math.max(Math.hypot(...row), 1e-12)
      if (norm < cancellation * sizes[n]!) this.cancelled = true
      return row.map((v) => v / norm)
    })
  }

  /** Of each node's row of a SAGE layer the length it could have, were all of its terms positive. */
  #sizes(source: Rows, root: Rows | null, conv: string): ReadonlyArray<number> {
    const largest = (name: string) =>
      Math.max(...this.#tensor(`${conv}.${name}.weight`).map(Math.abs))
    const sizeOf = (rows: Rows, name: string) => {
      const most = largest(name)
      return rows.map((row) => most * row.reduce((sum, v) => sum + Math.abs(v), 0))
    }
    const left = sizeOf(source, "lin_l")
    const right = root === null ? null : sizeOf(root, "lin_r")
    return Array.from({ length: this.#nodes }, (_, node) => {
      const incoming = this.#edges.filter((e) => e.target === node).map((e) => left[e.source]!)
      return Math.max(0, ...incoming) + (right?.[node] ?? 0)
    })
  }

  #gin(x: Rows, conv: string, inWidth: number): Rows {
    const eps = this.#tensor(`${conv}.eps`)[0]!
    const sums = this.#scatter(
      x,
      this.#edges.map((e) => ({ ...e, weight: 1 })),
      inWidth,
    )
    const mixed = sums.map((row, n) => row.map((v, c) => v + (1 + eps) * x[n]![c]!))
    const hidden = this.#between(this.#linear(mixed, `${conv}.nn.lins.0`), `${conv}.nn.norms.0`)
    return this.#linear(hidden, `${conv}.nn.lins.1`)
  }

  #gat(x: Rows, conv: string, layer: number): Rows {
    const { headWidth } = this.#model.config.layers[layer]!
    const features = this.#linear(x, `${conv}.lin`)
    const score = (part: string) => {
      const att = this.#tensor(`${conv}.${part}`)
      return (node: number, head: number) =>
        Array.from({ length: headWidth }, (_, c) => head * headWidth + c).reduce(
          (sum, i) => sum + att[i]! * features[node]![i]!,
          0,
        )
    }
    const [source, target] = [score("att_src"), score("att_dst")]
    return this.#attend(features, conv, layer, (s, t, head) =>
      this.#leakyRelu(source(s, head) + target(t, head)),
    )
  }

  #gatV2(x: Rows, conv: string, layer: number): Rows {
    const { headWidth } = this.#model.config.layers[layer]!
    const [left, right] = [this.#linear(x, `${conv}.lin_l`), this.#linear(x, `${conv}.lin_r`)]
    const att = this.#tensor(`${conv}.att`)
    return this.#attend(left, conv, layer, (s, t, head) =>
      Array.from({ length: headWidth }, (_, c) => head * headWidth + c).reduce(
        (sum, i) => sum + att[i]! * this.#leakyRelu(left[s]![i]! + right[t]![i]!),
        0,
      ),
    )
  }

  #leakyRelu(v: number): number {
    return v > 0 ? v : this.#model.config.negativeSlope * v
  }

  #attend(
    features: Rows,
    conv: string,
    layer: number,
    logit: (source: number, target: number, head: number) => number,
  ): Rows {
    const { config } = this.#model
    const { heads, headWidth, concat, outWidth } = config.layers[layer]!
    const bias = config.bias ? this.#tensor(`${conv}.bias`) : null
    return Array.from({ length: this.#nodes }, (_, node) => {
      let incoming = this.#edges.filter((e) => e.target === node).map((e) => e.source)
      if (config.addSelfLoops) incoming = [...incoming.filter((s) => s !== node), node]
      const perHead = Array.from({ length: heads }, (_, head) => {
        const logits = incoming.map((s) => logit(s, node, head))
        const top = Math.max(...logits, Number.NEGATIVE_INFINITY)
        const terms = logits.map((v) => Math.exp(v - top))
        const total = terms.reduce((a, b) => a + b, 0)
        return Array.from({ length: headWidth }, (_, c) =>
          incoming.reduce(
            (sum, s, i) => sum + (terms[i]! / total) * features[s]![head * headWidth + c]!,
            0,
          ),
        )
      })
      const row = concat
        ? perHead.flat()
        : Array.from(
            { length: outWidth },
            (_, c) => perHead.reduce((sum, h) => sum + h[c]!, 0) / heads,
          )
      return row.map((v, c) => v + (bias?.[c] ?? 0))
    })
  }

  run(x: Rows): Rows {
    const { architecture, layers } = this.#model.config
    let rows = x
    layers.forEach(({ inWidth, outWidth }, i) => {
      const conv = `convs.${i}`
      if (architecture === "GCN") rows = this.#gcn(rows, conv, outWidth)
      else if (architecture === "GraphSAGE") rows = this.#sage(rows, conv, inWidth)
      else if (architecture === "GIN") rows = this.#gin(rows, conv, inWidth)
      else if (architecture === "SGC") rows = this.#sgc(rows, conv, inWidth)
      else if (architecture === "APPNP") rows = this.#linear(rows, `lins.${i}`)
      else if (architecture === "GATv2") rows = this.#gatV2(rows, conv, i)
      else rows = this.#gat(rows, conv, i)
      if (i < layers.length - 1) rows = this.#between(rows, `norms.${i}`)
    })
    return architecture === "APPNP" ? this.#appnp(rows) : rows
  }
}

const pool = (rows: Rows, graph: ArraysGraph, model: GnnModel): Rows => {
  const { pooling, outWidth } = model.config
  const count = graph.batch === null ? 1 : graph.numGraphs!
  return Array.from({ length: count }, (_, g) => {
    const own = rows.filter((_, n) => graph.batch === null || Number(graph.batch[n]) === g)
    return Array.from({ length: outWidth }, (_, c) => {
      if (own.length === 0) return 0
      if (pooling === "max") return Math.max(...own.map((row) => row[c]!))
      const sum = own.reduce((total, row) => total + row[c]!, 0)
      return pooling === "mean" ? sum / own.length : sum
    })
  })
}

export interface PygOutput {
  /** Of all nodes, of the targets, or of the graphs. */
  readonly rows: Rows
  /**
   * Rows that all but cancel were scaled to length 1 on the way: what comes of them is the rounding of one order
   * of summation, in PyG as here, and another order is as right.
   */
  readonly cancelled: boolean
}

export const pygForward = (
  model: GnnModel,
  graph: ArraysGraph,
  x: Rows,
  targets: ReadonlyArray<number> | null,
): PygOutput => {
  const forward = new Forward(model, graph)
  const rows = answerRows(model, graph, forward.run(x), targets)
  return { rows, cancelled: forward.cancelled }
}

const answerRows = (
  model: GnnModel,
  graph: ArraysGraph,
  all: Rows,
  targets: ReadonlyArray<number> | null,
): Rows => {
  let rows = all
  if (model.config.pooling !== null) rows = pool(rows, graph, model)
  if (targets !== null) rows = targets.map((node) => rows[node]!)
  if (!model.config.logSoftmax) return rows
  return rows.map((row) => {
    const top = Math.max(...row)
    const total = Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0)) + top
    return row.map((v) => v - total)
  })
}
