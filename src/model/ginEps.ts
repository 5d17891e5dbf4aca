// The eps of each GIN layer as trained: the one weight that an operator needs as a constant.
import type { GnnModel } from "./GnnModel.ts"

/** One number per layer, or null where the architecture has none. */
export const ginEps = (model: GnnModel): ReadonlyArray<number> | null =>
  model.config.architecture === "GIN"
    ? model.config.layers.map((_, i) => {
        const eps = model.weights.get(`convs.${i}.eps`)
        return eps === undefined ? model.config.ginEps : Number(eps.data[0])
      })
    : null
