// A plan in the making: operators over virtual buffers that have a size but no place yet. A draft
// operand names its buffer as slot -2, -3, …; placement turns those into slot -1 and an offset.
import type { Epilogue, Op, Operand } from "../model/Op.ts"
import { identityEpilogue } from "../model/Op.ts"
import { elementBytes, type Precision, type Storage, storageOf } from "../model/precision.ts"
import type { ResidentRole, ResidentSlot } from "../model/Resident.ts"
import type { WeightEntry, WeightLayout } from "../model/WeightLayout.ts"
import { weightLayout } from "../model/WeightLayout.ts"
import { withKernelMemory } from "./kernelMemory.ts"
import { predictOp } from "./latency.ts"
import type { PlanRequest } from "./PlanRequest.ts"

export interface DraftBuffer {
  readonly name: string
  /** Exact, before alignment. */
  readonly bytes: number
  readonly rows: number
  readonly cols: number
  /** In the task's own host memory, not in the arena. */
  readonly host: boolean
}

/** A dense row-major matrix: in a buffer, or the resident features. */
export interface DenseMatrix {
  readonly kind: "dense"
  readonly at: Operand
  readonly rows: number
  readonly cols: number
}

/** The resident sparse features. */
export interface SparseMatrix {
  readonly kind: "csr"
  readonly rowOffsets: Operand
  readonly colIndices: Operand
  readonly values: Operand
  readonly rows: number
  readonly cols: number
  readonly nnz: number
}

export type Matrix = DenseMatrix | SparseMatrix

/** The buffer a draft operand names, or a negative number when it is resident. */
export const bufferOf = (operand: Operand): number => -2 - operand.slot

/** The columns of a matrix from `first` on; the leading dimension stays. */
export const columnsFrom = (at: Operand, first: number): Operand => ({
  ...at,
  offset: at.offset + first * elementBytes(at),
})

export class PlanDraft {
  readonly request: PlanRequest
  readonly weights: WeightLayout
  readonly ops: Op[] = []
  readonly buffers: DraftBuffer[] = []
  readonly residents: ResidentSlot[] = []
  /** Which variant was taken wherever there was a choice. */
  readonly variants: number[] = []

  constructor(request: PlanRequest) {
    this.request = request
    this.weights = weightLayout(request.config)
  }

  /** A resident object as a vector; the same role keeps the same slot. */
  resident(role: ResidentRole, bytes: number): Operand {
    let slot = this.residents.findIndex((r) => r.role === role)
    if (slot < 0) slot = this.residents.push({ role, bytes }) - 1
    return { slot, offset: 0, ld: 1 }
  }

  /** A new buffer for a contiguous [rows, cols] matrix, float32 unless a storage is given. */
  matrix(
    name: string,
    rows: number,
    cols: number,
    host = false,
    storage: Storage | null = null,
  ): DenseMatrix {
    const element = storage === null ? {} : { storage }
    const bytes = rows * cols * elementBytes(element)
    const buffer = this.buffers.push({ name, bytes, rows, cols, host }) - 1
    return { kind: "dense", at: { slot: -2 - buffer, offset: 0, ld: cols, ...element }, rows, cols }
  }

  /** A matrix between operators that can read and write it in the storage of the precision. */
  activations(name: string, rows: number, cols: number): DenseMatrix {
    return this.matrix(name, rows, cols, false, storageOf(this.precision))
  }

  /** What a layer hands on; the task's result is float32. */
  layerOutput(layer: number, rows: number, cols: number): DenseMatrix {
    const { config, targets } = this.request
    const isResult =
      layer === config.layers.length - 1 && config.pooling === null && targets === null
    const name = `l${layer}.out`
    return isResult ? this.matrix(name, rows, cols) : this.activations(name, rows, cols)
  }

  weight(name: string): Operand {
    const entry = this.entry(name)
    return { ...this.resident("model.weights", this.weights.totalBytes), ...place(entry) }
  }

  /** A weight that is one row, as an epilogue takes it. */
  vector(name: string): Operand {
    return { ...this.weight(name), ld: 1 }
  }

  private entry(name: string): WeightEntry {
    const entry = this.weights.entries.get(name)
    if (entry === undefined) throw new Error(`the weight layout has no entry ${name}`)
    return entry
  }

  /** Bias and BatchNorm of `prefix`, as far as the layout has them, then the activation. */
  epilogue(prefix: string, activation: Epilogue["activation"]): Epilogue {
    const has = (part: string) => this.weights.entries.has(`${prefix}.${part}`)
    return {
      ...identityEpilogue,
      bias: has("bias") ? this.vector(`${prefix}.bias`) : null,
      affine: has("scale")
        ? { scale: this.vector(`${prefix}.scale`), shift: this.vector(`${prefix}.shift`) }
        : null,
      affineAfterActivation: this.request.config.activationFirst,
      activation,
    }
  }

  private get precision(): Precision {
    return this.request.profile.precision ?? "fp32"
  }

  push(given: Op): void {
    const { precision } = this
    const op =
      given.kind === "gemm" && precision !== "fp32" ? { ...given, products: precision } : given
    this.ops.push(this.request.profile.kernels === "cuda" ? withKernelMemory(this, op) : op)
  }

  /** Predicted time of the operators from index `first` on. */
  predictedMsFrom(first: number): number {
    let ms = 0
    const { shape, profile } = this.request
    for (let i = first; i < this.ops.length; i++) ms += predictOp(this.ops[i], shape, profile).ms
    return ms
  }

  /**
   * Emits the variant that is predicted to take the least time; the earlier one on a tie. A variant
   * is a function that emits operators, so the choice is made on exactly what will run.
   */
  cheapest(variants: ReadonlyArray<() => DenseMatrix>): DenseMatrix {
    if (variants.length === 1) return variants[0]()
    const given = this.request.variants?.[this.variants.length] ?? variants.length
    const choice = given < variants.length ? given : this.leastTime(variants)
    this.variants.push(choice)
    return variants[choice]()
  }

  private leastTime(variants: ReadonlyArray<() => DenseMatrix>): number {
    const ops = this.ops.length
    const buffers = this.buffers.length
    const residents = this.residents.length
    const times = variants.map((emit) => {
      emit()
      const ms = this.predictedMsFrom(ops)
      this.ops.length = ops
      this.buffers.length = buffers
      this.residents.length = residents
      return ms
    })
    return times.indexOf(Math.min(...times))
  }
}

/** All operators of a network, and its result: a buffer, or a host slot that the plan stores it in. */
export interface NetworkDraft {
  readonly draft: PlanDraft
  readonly output: DenseMatrix
}

const place = ({ offset, ld }: WeightEntry): Pick<Operand, "offset" | "ld"> => ({ offset, ld })
