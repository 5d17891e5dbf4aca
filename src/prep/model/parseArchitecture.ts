// The name of a network as a document spells it, and which of ours it is.
import { type Architecture, isAttention } from "../../model/GnnModel.ts"
import { type ConfigFields, normalizeName } from "./ConfigFields.ts"

const architectures: ReadonlyMap<string, Architecture> = new Map([
  ["gcn", "GCN"],
  ["graphsage", "GraphSAGE"],
  ["sage", "GraphSAGE"],
  ["gat", "GAT"],
  ["gatv2", "GATv2"],
  ["gin", "GIN"],
  ["sgc", "SGC"],
  ["appnp", "APPNP"],
])
const supportedArchitectures = "GCN, GraphSAGE, GAT, GATv2, GIN, SGC, APPNP"

/** Networks the field knows and this version does not have. */
const otherArchitectures = new Set(
  ["pna", "edgecnn", "gine", "rgcn", "rgat", "gcn2", "gcnii", "arma"].concat(
    [
      "cheb",
      "chebnet",
      "tag",
      "tagcn",
      "mixhop",
      "graphconv",
      "gated",
      "ggnn",
      "transformer",
      "han",
    ],
    [
      "hgt",
      "lightgcn",
      "deepgcn",
      "graphunet",
      "graphtransformer",
      "schnet",
      "dimenet",
      "mlp",
      "jknet",
    ],
  ),
)

/** PyG's GAT takes `v2` to mean GATv2; under that name the flag may only agree. */
const withVersion = (fields: ConfigFields, named: Architecture): Architecture => {
  if (!isAttention(named)) return named
  const v2 = fields.booleanOrNull("v2")
  if (named === "GATv2" && v2 === false)
    throw fields.bad("v2", "true or null: the architecture is GATv2")
  return v2 === true ? "GATv2" : named
}

export const parseArchitecture = (fields: ConfigFields): Architecture => {
  const name = fields.text("architecture")
  const found = architectures.get(normalizeName(name ?? ""))
  if (found !== undefined) return withVersion(fields, found)
  if (otherArchitectures.has(normalizeName(name ?? "").replace(/conv$/, "")))
    throw fields.unsupported("architecture", supportedArchitectures)
  throw fields.bad("architecture", `one of ${supportedArchitectures}`)
}
