// Where each packed matrix and vector of a network lies inside its one resident object
// ("model.weights"). It follows from the configuration alone, so that a plan can be made before any
// weight is read; the packer writes and the lowering reads by these entries.
import type { GnnConfig } from "./GnnModel.ts"

/** Row-major float32 [rows, cols] at `offset` bytes; `ld` in elements. Vectors have one row. */
export interface WeightEntry {
  readonly offset: number
  readonly rows: number
  readonly cols: number
  readonly ld: number
}

export interface WeightLayout {
  readonly entries: ReadonlyMap<string, WeightEntry>
  readonly totalBytes: number
}

/** Entries begin on a cache line, so that vector loads of a row's start never split one. */
const entryAlignBytes = 64

/**
 * What becomes of a BatchNorm: nothing there, folded into the weights and bias before it (exact,
 * since what lies between is linear per column), or a scale and a shift of the epilogue.
 */
export type NormPlacement = "none" | "folded" | "affine"

/**
 * The norm after layer `layer`; the last layer has none. GATv2's logits are not linear in the columns
 * that a fold would scale.
 */
export const layerNorm = (config: GnnConfig, layer: number): NormPlacement => {
  if (config.batchNorm === null || layer >= config.layers.length - 1) return "none"
  const apart = config.activationFirst || config.l2Normalize || config.architecture === "GATv2"
  return apart ? "affine" : "folded"
}

/** The norm inside GIN's two-layer MLP. */
export const mlpNorm = (config: GnnConfig): NormPlacement => {
  if (config.batchNorm === null) return "none"
  return config.activationFirst ? "affine" : "folded"
}

/** Columns of GATv2's product: what sources send, then, unless it is the same, what targets add. */
export const gatv2Columns = (heads: number, headWidth: number, shared: boolean): number =>
  heads * headWidth * (shared ? 1 : 2)

/** Columns of GAT's product: the heads side by side, then the source and target scores. */
export const gatColumns = (heads: number, headWidth: number): number =>
  heads * headWidth + 2 * heads

/** APPNP whose steps are neither plain propagation (alpha 0) nor nothing at all (alpha 1). */
export const teleports = ({ teleport }: GnnConfig): boolean => teleport > 0 && teleport < 1

class LayoutWriter {
  readonly entries = new Map<string, WeightEntry>()
  bytes = 0

  matrix(name: string, rows: number, cols: number): void {
    this.entries.set(name, { offset: this.bytes, rows, cols, ld: cols })
    this.bytes += Math.ceil((rows * cols * 4) / entryAlignBytes) * entryAlignBytes
  }

  /** The bias where there is one or a fold makes one; scale and shift where the norm is apart. */
  vectors(prefix: string, width: number, bias: boolean, norm: NormPlacement): void {
    if (bias || norm === "folded") this.matrix(`${prefix}.bias`, 1, width)
    if (norm !== "affine") return
    this.matrix(`${prefix}.scale`, 1, width)
    this.matrix(`${prefix}.shift`, 1, width)
  }
}

/**
 * Names by architecture, `l<i>` being layer i:
 * - GCN `l0.weight` [in, out] · GraphSAGE `l0.weight` [in, out], or [in, 2 out] = [W_l | W_r] with
 *   a root weight, `l0.project.weight|bias` · GAT `l0.weight` [in, H*C + 2H] =
 *   [W | W a_src | W a_dst] · GATv2 `l0.weight` [in, 2 H*C] = [W_l | W_r], or [in, H*C] where they
 *   are shared, `l0.product.bias`, `l0.att` [1, H*C] · GIN `l0.0.weight` [in, out], `l0.1.weight`
 *   [out, out] · SGC and APPNP `l0.weight` [in, out]
 * - APPNP also `teleport.scale|shift` and `step.scale|shift` [1, out], see lowerAppnp
 * - and where they apply `.bias`, `.scale`, `.shift` [1, out] (of `l0.0` and `l0.1` for GIN)
 */
export const weightLayout = (config: GnnConfig): WeightLayout => {
  const writer = new LayoutWriter()
  config.layers.forEach(({ inWidth, outWidth, heads, headWidth }, i) => {
    const name = `l${i}`
    const norm = layerNorm(config, i)
    switch (config.architecture) {
      case "GCN":
      case "SGC":
      case "APPNP":
        writer.matrix(`${name}.weight`, inWidth, outWidth)
        break
      case "GraphSAGE":
        if (config.project) {
          writer.matrix(`${name}.project.weight`, inWidth, inWidth)
          writer.matrix(`${name}.project.bias`, 1, inWidth)
        }
        writer.matrix(`${name}.weight`, inWidth, config.rootWeight ? 2 * outWidth : outWidth)
        break
      case "GAT":
        writer.matrix(`${name}.weight`, inWidth, gatColumns(heads, headWidth))
        break
      case "GATv2": {
        const columns = gatv2Columns(heads, headWidth, config.sharedWeights)
        writer.matrix(`${name}.weight`, inWidth, columns)
        if (config.bias) writer.matrix(`${name}.product.bias`, 1, columns)
        writer.matrix(`${name}.att`, 1, heads * headWidth)
        break
      }
      case "GIN":
        writer.matrix(`${name}.0.weight`, inWidth, outWidth)
        writer.vectors(`${name}.0`, outWidth, true, mlpNorm(config))
        writer.matrix(`${name}.1.weight`, outWidth, outWidth)
        writer.vectors(`${name}.1`, outWidth, true, norm)
        return
    }
    writer.vectors(name, outWidth, config.bias, norm)
  })
  for (const step of teleports(config) ? ["teleport", "step"] : []) {
    writer.vectors(step, config.outWidth, false, "affine")
  }
  return { entries: writer.entries, totalBytes: writer.bytes }
}
