// Edges that are read one after another, their number not known before: arrays that grow.
import { IndexOverflow } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"

/** Edges of a file, ready for a CSR. */
export interface Edges {
  readonly numNodes: number
  /** [2, E] flat: sources, then targets. */
  readonly edgeIndex: Int32Array
  readonly edgeWeight: Float32Array | null
}

const grown = <T extends Int32Array | Float32Array>(array: T, length: number): T => {
  const longer = new (array.constructor as new (length: number) => T)(length)
  longer.set(array)
  return longer
}

const firstCapacity = 1 << 10

export class EdgeBuffer {
  count = 0
  sources = new Int32Array(firstCapacity)
  targets = new Int32Array(firstCapacity)
  weights: Float32Array | null
  private readonly file: string

  constructor(file: string, weighted: boolean) {
    this.file = file
    this.weights = weighted ? new Float32Array(firstCapacity) : null
  }

  /** Without weights, `weight` is not looked at. */
  push(source: number, target: number, weight: number): void {
    if (this.count === this.sources.length) this.grow()
    this.sources[this.count] = source
    this.targets[this.count] = target
    if (this.weights !== null) this.weights[this.count] = weight
    this.count++
  }

  private grow(): void {
    const limit = limits.maxIndex
    if (this.count === limit) {
      throw new IndexOverflow({ file: this.file, what: "edges", value: limit + 1, limit })
    }
    const length = Math.min(2 * this.count, limit)
    this.sources = grown(this.sources, length)
    this.targets = grown(this.targets, length)
    if (this.weights !== null) this.weights = grown(this.weights, length)
  }

  edges(numNodes: number): Edges {
    const edgeIndex = new Int32Array(2 * this.count)
    edgeIndex.set(this.sources.subarray(0, this.count))
    edgeIndex.set(this.targets.subarray(0, this.count), this.count)
    return { numNodes, edgeIndex, edgeWeight: this.weights?.subarray(0, this.count) ?? null }
  }
}
