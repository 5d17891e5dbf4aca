// Names and shapes of a network's tensors: PyG's state_dict, as `model.state_dict()` prints it.
import type { GnnConfig } from "../../model/GnnModel.ts"

export type Shapes = ReadonlyMap<string, ReadonlyArray<number>>

type Add = (name: string, ...shape: number[]) => void

const addBatchNorm = (add: Add, prefix: string, width: number): void => {
  for (const part of ["weight", "bias", "running_mean", "running_var"])
    add(`${prefix}.module.${part}`, width)
}

const addLinear = (add: Add, name: string, config: GnnConfig, layer: number): void => {
  const { inWidth, outWidth } = config.layers[layer]
  add(`${name}.weight`, outWidth, inWidth)
  if (config.bias) add(`${name}.bias`, outWidth)
}

const addLayer = (add: Add, config: GnnConfig, layer: number): void => {
  const { inWidth, outWidth, heads, headWidth } = config.layers[layer]
  const conv = `convs.${layer}`
  switch (config.architecture) {
    case "SGC":
      addLinear(add, `${conv}.lin`, config, layer)
      return
    case "APPNP":
      addLinear(add, `lins.${layer}`, config, layer)
      return
    case "GCN":
      add(`${conv}.lin.weight`, outWidth, inWidth)
      if (config.bias) add(`${conv}.bias`, outWidth)
      return
    case "GraphSAGE":
      if (config.project) {
        add(`${conv}.lin.weight`, inWidth, inWidth)
        add(`${conv}.lin.bias`, inWidth)
      }
      add(`${conv}.lin_l.weight`, outWidth, inWidth)
      if (config.bias) add(`${conv}.lin_l.bias`, outWidth)
      if (config.rootWeight) add(`${conv}.lin_r.weight`, outWidth, inWidth)
      return
    case "GAT":
      add(`${conv}.att_src`, 1, heads, headWidth)
      add(`${conv}.att_dst`, 1, heads, headWidth)
      add(`${conv}.lin.weight`, heads * headWidth, inWidth)
      if (config.bias) add(`${conv}.bias`, outWidth)
      return
    case "GATv2":
      add(`${conv}.att`, 1, heads, headWidth)
      for (const side of ["lin_l", "lin_r"]) {
        add(`${conv}.${side}.weight`, heads * headWidth, inWidth)
        if (config.bias) add(`${conv}.${side}.bias`, heads * headWidth)
      }
      if (config.bias) add(`${conv}.bias`, outWidth)
      return
    case "GIN":
      add(`${conv}.eps`, 1)
      add(`${conv}.nn.lins.0.weight`, outWidth, inWidth)
      add(`${conv}.nn.lins.0.bias`, outWidth)
      add(`${conv}.nn.lins.1.weight`, outWidth, outWidth)
      add(`${conv}.nn.lins.1.bias`, outWidth)
      if (config.batchNorm !== null) addBatchNorm(add, `${conv}.nn.norms.0`, outWidth)
      return
  }
}

export const expectedWeights = (config: GnnConfig): Shapes => {
  const shapes = new Map<string, ReadonlyArray<number>>()
  const add: Add = (name, ...shape) => shapes.set(name, shape)
  config.layers.forEach(({ outWidth }, layer) => {
    addLayer(add, config, layer)
    const between = layer < config.layers.length - 1
    if (between && config.batchNorm !== null) addBatchNorm(add, `norms.${layer}`, outWidth)
  })
  return shapes
}

/** Tensors that PyG stores and inference never reads. */
export const isIgnoredWeight = (name: string): boolean => name.endsWith(".num_batches_tracked")
