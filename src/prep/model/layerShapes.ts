// Widths and heads of each layer by PyG's rules: BasicGNN chains in -> hidden -> ... -> out, and
// GAT divides the hidden width among its heads and averages them where the output is made.
import { type Architecture, isAttention, type LayerShape } from "../../model/GnnModel.ts"
import { limits } from "../../model/limits.ts"
import type { ConfigFields } from "./ConfigFields.ts"

/** `hidden_channels` is not needed where no layer has that width. */
const layerWidths = (fields: ConfigFields): ReadonlyArray<number> => {
  const max = limits.maxFeatureWidth
  const input = fields.requiredInteger("in_channels", 1, max)
  const layers = fields.requiredInteger("num_layers", 1, limits.maxLayers)
  const output = fields.integer("out_channels", 1, max)
  const hidden =
    layers > 1 || output === null
      ? fields.requiredInteger("hidden_channels", 1, max)
      : (fields.integer("hidden_channels", 1, max) ?? output)
  return [input, ...new Array<number>(layers - 1).fill(hidden), output ?? hidden]
}

/** A list with one entry per layer, or null when the key holds none. */
const perLayer = (fields: ConfigFields, key: string, layers: number): unknown[] | null => {
  const value = fields.get(key)
  if (!Array.isArray(value)) return null
  if (value.length !== layers) throw fields.bad(key, `${layers} entries, one per layer`)
  return value
}

const headsOf = (fields: ConfigFields, layers: number): ReadonlyArray<number> => {
  const list = perLayer(fields, "heads", layers)
  if (list === null) {
    const heads = fields.integer("heads", 1, limits.maxHeads) ?? 1
    return new Array<number>(layers).fill(heads)
  }
  return list.map((heads, i) => {
    if (Number.isInteger(heads) && Number(heads) >= 1 && Number(heads) <= limits.maxHeads)
      return Number(heads)
    throw fields.bad(`heads[${i}]`, `an integer from 1 to ${limits.maxHeads}`, heads)
  })
}

/** A list is taken as it stands; one value is for the hidden layers, the output averages. */
const concatOf = (fields: ConfigFields, layers: number): ReadonlyArray<boolean> => {
  const list = perLayer(fields, "concat", layers)
  if (list === null) {
    const concat = fields.boolean("concat", true)
    const lastAverages = fields.get("out_channels") !== null
    return Array.from({ length: layers }, (_, i) => concat && !(lastAverages && i === layers - 1))
  }
  return list.map((concat, i) => {
    if (typeof concat === "boolean") return concat
    throw fields.bad(`concat[${i}]`, "true or false", concat)
  })
}

const gatShapes = (
  fields: ConfigFields,
  widths: ReadonlyArray<number>,
): ReadonlyArray<LayerShape> => {
  const layers = widths.length - 1
  const allHeads = headsOf(fields, layers)
  const allConcat = concatOf(fields, layers)
  return allHeads.map((heads, i) => {
    const [inWidth, outWidth, concat] = [widths[i], widths[i + 1], allConcat[i]]
    if (concat && outWidth % heads !== 0) {
      const expected = `heads that divide the width ${outWidth} of layer ${i}, which concatenates`
      throw fields.bad("heads", expected, heads)
    }
    const headWidth = concat ? outWidth / heads : outWidth
    if (heads * headWidth > limits.maxFeatureWidth) {
      const expected = `at most ${limits.maxFeatureWidth} features of all heads of layer ${i}`
      throw fields.bad("heads", expected, heads * headWidth)
    }
    return { inWidth, outWidth, heads, headWidth, concat }
  })
}

export const layerShapes = (
  fields: ConfigFields,
  architecture: Architecture,
): ReadonlyArray<LayerShape> => {
  const widths = layerWidths(fields)
  if (isAttention(architecture)) return gatShapes(fields, widths)
  return widths.slice(1).map((outWidth, i) => ({
    inWidth: widths[i],
    outWidth,
    heads: 1,
    headWidth: outWidth,
    concat: true,
  }))
}
