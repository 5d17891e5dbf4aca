// Which keys a model's JSON may hold. PyG would refuse an argument that a network does not take;
// files written by exporters carry them all, so one that says "no effect" is let through.

import { BadConfig } from "../../model/errors.ts"
import type { Architecture } from "../../model/GnnModel.ts"
import { nearest } from "../../model/nearest.ts"
import { type ConfigFields, shown } from "./ConfigFields.ts"

const commonKeys = [
  ..."architecture in_channels hidden_channels num_layers out_channels dropout".split(" "),
  ..."act act_first act_kwargs norm norm_kwargs norm_eps jk bias aggr aggr_kwargs flow".split(" "),
  ..."pooling batch_size log_softmax".split(" "),
]

/** Keys that describe the model to people; any value, no effect. */
const metadataKeys = [
  ..."task dataset input training seed name what description".split(" "),
  ..."license source metadata notes".split(" "),
]
const metadataPattern = /_(accuracy|loss)$/

const attentionKeys = [
  ..."heads concat negative_slope add_self_loops edge_dim fill_value residual".split(" "),
  ..."v2 share_weights att_dropout".split(" "),
]

const convKeys: Readonly<Record<Architecture, ReadonlyArray<string>>> = {
  GCN: ["normalize", "improved", "cached", "add_self_loops"],
  GraphSAGE: ["normalize", "root_weight", "project"],
  GAT: attentionKeys,
  GATv2: attentionKeys,
  GIN: ["eps", "train_eps"],
  SGC: ["K", "cached", "add_self_loops", "normalize"],
  APPNP: ["K", "alpha", "cached", "add_self_loops", "normalize"],
}

/** What a key of another network's layer may say here: the values without an effect. */
const neutralValues: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  normalize: [false],
  improved: [false],
  cached: [false, true],
  add_self_loops: [false],
  root_weight: [false],
  project: [false],
  heads: [1],
  concat: [false, true],
  negative_slope: [0.2],
  edge_dim: [],
  fill_value: ["mean"],
  residual: [false],
  v2: [false],
  share_weights: [false],
  eps: [0],
  train_eps: [false],
  K: [],
  alpha: [],
}

export const checkKeys = (fields: ConfigFields, architecture: Architecture): void => {
  const own = new Set([...commonKeys, ...convKeys[architecture], "att_dropout"])
  const suggestions = [...own, ...metadataKeys]
  for (const key of fields.keys()) {
    if (own.has(key) || metadataKeys.includes(key) || metadataPattern.test(key)) continue
    const value = fields.get(key)
    const neutral = Object.hasOwn(neutralValues, key) ? neutralValues[key] : null
    if (neutral !== null) {
      if (value === null || neutral.includes(value)) continue
      const expected = ["null", ...neutral.map(shown)].join(" or ")
      throw fields.bad(key, `${expected}: ${architecture} has no such argument`)
    }
    const guess = nearest(key, suggestions)
    throw new BadConfig({
      file: fields.file,
      path: fields.path(key),
      expected: guess === null ? `a key of ${architecture}` : `"${guess}", or another known key`,
      found: `the unknown key ${shown(key)}`,
    })
  }
}
