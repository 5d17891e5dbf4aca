// A model's JSON (the constructor arguments of PyG 2.8's basic GNNs) as a GnnConfig with every
// default filled in. Throws BadConfig for what is wrong and Unsupported for what is not there yet.
import {
  type Aggregation,
  type Architecture,
  type GnnConfig,
  isAttention,
} from "../../model/GnnModel.ts"
import { limits } from "../../model/limits.ts"
import { ConfigFields, normalizeName, shown } from "./ConfigFields.ts"
import { checkKeys } from "./configKeys.ts"
import { layerShapes } from "./layerShapes.ts"
import { parseActivation } from "./parseActivation.ts"
import { parseArchitecture } from "./parseArchitecture.ts"

const aggregations: ReadonlyMap<string, Aggregation> = new Map([
  ["add", "sum"],
  ["sum", "sum"],
  ["mean", "mean"],
  ["max", "max"],
])

const parseAggregation = (fields: ConfigFields, architecture: Architecture): Aggregation => {
  const value = fields.get("aggr") ?? (architecture === "GraphSAGE" ? "mean" : "add")
  const found = typeof value === "string" ? aggregations.get(value.toLowerCase()) : undefined
  if (found === undefined) throw fields.unsupported("aggr", "add, sum, mean, max")
  if (architecture !== "GraphSAGE" && found !== "sum")
    throw fields.unsupported("aggr", `add (${architecture})`)
  return found
}

const defaultNormEps = 1e-5

/** `norm_kwargs.eps` is PyG's argument; `norm_eps` beside it must agree. */
const parseNorm = (fields: ConfigFields): GnnConfig["batchNorm"] => {
  const kwargs = fields.child("norm_kwargs")
  const beside = fields.number("norm_eps", defaultNormEps)
  const eps = kwargs.number("eps", beside)
  const name = fields.text("norm")
  if (name === null) return null
  if (!["batchnorm", "batch"].includes(normalizeName(name)))
    throw fields.unsupported("norm", "batch_norm, or null")
  for (const key of kwargs.keys()) {
    if (["eps", "momentum", "allow_single_element", "device"].includes(key)) continue
    if (key !== "affine" && key !== "track_running_stats")
      throw kwargs.bad(key, "arguments of BatchNorm: eps, momentum, affine, track_running_stats")
    if (!kwargs.boolean(key, true)) throw kwargs.unsupported(key, "true")
  }
  if (eps < 0) throw kwargs.bad("eps", "a number of at least 0", eps)
  if (fields.get("norm_eps") !== null && eps !== beside)
    throw fields.bad("norm_eps", `${eps}, as in norm_kwargs.eps`)
  return { eps }
}

const normalizes: ReadonlySet<Architecture> = new Set(["GCN", "SGC", "APPNP"])

/** PyG's rule: loops are added where the degrees are normalised, and nowhere else. */
const parseSelfLoops = (fields: ConfigFields, architecture: Architecture): boolean => {
  if (isAttention(architecture)) return fields.boolean("add_self_loops", true)
  if (!normalizes.has(architecture)) return false
  const normalize = fields.boolean("normalize", true)
  const loops = fields.boolean("add_self_loops", normalize)
  // APPNP takes its loops only together with the normalisation, and says nothing.
  if (architecture === "APPNP") return loops && normalize
  if (loops && !normalize)
    throw fields.bad("add_self_loops", "false or null, since normalize is false")
  return loops
}

const parsePooling = (fields: ConfigFields): Aggregation | null => {
  const name = fields.text("pooling")
  if (name === null) return null
  const found = aggregations.get(name.toLowerCase())
  if (found === undefined) throw fields.unsupported("pooling", "add, sum, mean, max, or null")
  return found
}

/** Of no effect without a readout. */
const parseBatchSize = (fields: ConfigFields): number => {
  const size = fields.integer("batch_size", 0, limits.maxGraphsInUnion) ?? 0
  return fields.get("pooling") === null ? 0 : size
}

/** Arguments with one value that this version computes. */
const refuseUnsupported = (fields: ConfigFields, architecture: Architecture): void => {
  const only = (key: string, supported: ReadonlyArray<unknown>) => {
    const value = fields.get(key)
    if (value === null || supported.includes(value)) return
    throw fields.unsupported(key, ["null", ...supported.map(shown)].join(" or "))
  }
  only("jk", [])
  only("aggr_kwargs", [])
  only("flow", ["source_to_target"])
  if (architecture === "GIN") only("bias", [true])
  if (architecture === "SGC") only("normalize", [true])
  if (architecture === "APPNP") only("norm", [])
  if (!isAttention(architecture)) return
  only("edge_dim", [])
  only("residual", [false])
}

/** K, which PyG defaults to 1 for SGC and asks for with APPNP. */
const parsePropagations = (fields: ConfigFields, architecture: Architecture): number => {
  const range = [1, limits.maxPropagations] as const
  if (architecture === "APPNP") return fields.requiredInteger("K", ...range)
  return architecture === "SGC" ? (fields.integer("K", ...range) ?? 1) : 0
}

const parseTeleport = (fields: ConfigFields, architecture: Architecture): number => {
  if (architecture !== "APPNP") return 0
  const alpha = fields.number("alpha", Number.NaN)
  if (alpha >= 0 && alpha <= 1) return alpha
  throw fields.bad("alpha", "a number from 0 to 1")
}

/** `file` names the document in errors. */
export const parseGnnConfig = (json: unknown, file: string): GnnConfig => {
  const fields = new ConfigFields(file, json)
  const architecture = parseArchitecture(fields)
  checkKeys(fields, architecture)
  refuseUnsupported(fields, architecture)
  const layers = layerShapes(fields, architecture)
  const gcn = architecture === "GCN"
  const sage = architecture === "GraphSAGE"
  return {
    architecture,
    inWidth: layers[0].inWidth,
    outWidth: layers[layers.length - 1].outWidth,
    layers,
    activation: parseActivation(fields),
    activationFirst: fields.boolean("act_first", false),
    batchNorm: parseNorm(fields),
    bias: fields.boolean("bias", true),
    aggregation: parseAggregation(fields, architecture),
    gcnNormalize: normalizes.has(architecture) && fields.boolean("normalize", true),
    addSelfLoops: parseSelfLoops(fields, architecture),
    selfLoopFill: gcn && fields.boolean("improved", false) ? 2 : 1,
    l2Normalize: sage && fields.boolean("normalize", false),
    rootWeight: sage && fields.boolean("root_weight", true),
    project: sage && fields.boolean("project", false),
    negativeSlope: isAttention(architecture) ? fields.number("negative_slope", 0.2) : 0.2,
    sharedWeights: architecture === "GATv2" && fields.boolean("share_weights", false),
    propagations: parsePropagations(fields, architecture),
    teleport: parseTeleport(fields, architecture),
    ginEps: architecture === "GIN" ? fields.number("eps", 0) : 0,
    pooling: parsePooling(fields),
    batchSize: parseBatchSize(fields),
    logSoftmax: fields.boolean("log_softmax", false),
  }
}
