// A workbench for single ops: lays matrices out in an arena or as residents, runs ops on the
// reference and reads matrices back.
import { runOpsReference } from "../../src/device/reference/runOp.ts"
import type { Op, Operand } from "../../src/model/Op.ts"

export type Rows = ReadonlyArray<ReadonlyArray<number>>

export class Workbench {
  readonly #cells: Array<number> = []
  readonly #residents: Array<Uint8Array> = []

  /** A matrix in the arena; `ld` larger than its width leaves NaN between the rows. */
  matrix(rows: Rows, ld = rows[0]?.length ?? 0): Operand {
    const offset = this.#cells.length * 4
    for (const row of rows) {
      this.#cells.push(...row, ...Array<number>(ld - row.length).fill(Number.NaN))
    }
    return { slot: -1, offset, ld }
  }

  vector(values: ReadonlyArray<number>): Operand {
    return { ...this.matrix([values]), ld: 1 }
  }

  /** Room that nothing has written: NaN. */
  empty(rows: number, ld: number): Operand {
    return this.matrix(Array.from({ length: rows }, () => Array<number>(ld).fill(Number.NaN)))
  }

  ints(values: ReadonlyArray<number>): Operand {
    return this.#resident(new Uint8Array(Int32Array.from(values).buffer))
  }

  floats(values: ReadonlyArray<number>, ld = 1): Operand {
    return { ...this.#resident(new Uint8Array(Float32Array.from(values).buffer)), ld }
  }

  #resident(bytes: Uint8Array): Operand {
    this.#residents.push(bytes)
    return { slot: this.#residents.length - 1, offset: 0, ld: 1 }
  }

  /** Runs the op and reads `rows` x `cols` at the operand. */
  run(op: Op, { at, rows, cols }: { at: Operand; rows: number; cols: number }): Array<number[]> {
    const arena = Float64Array.from(this.#cells)
    runOpsReference({ ops: [op], arena, residents: this.#residents })
    const first = at.offset / 4
    return Array.from({ length: rows }, (_, r) => [
      ...arena.subarray(first + r * at.ld, first + r * at.ld + cols),
    ])
  }
}

/** CSR arrays of a list of rows of column indices. */
export const csr = (rows: Rows): { offsets: Array<number>; columns: Array<number> } => {
  const offsets = [0]
  for (const row of rows) offsets.push(offsets.at(-1)! + row.length)
  return { offsets, columns: rows.flat() }
}
