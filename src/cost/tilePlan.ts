// A network's operators again, in less device memory: matrices that take turns in one place, or lie
// in host memory, are worked on part by part through small buffers in the arena.
//
//   host   x [n, k] ──load──▶ part of x ──▶ operator ──▶ part of y ──store──▶ y [n, m]   host
//   arena  x [n, k] ────────────────────▶ operator ──▶ part of y ──copy───▶ the same place

import type { Op, Operand } from "../model/Op.ts"
import { type OperandUse, operandUses } from "../model/operandUses.ts"
import { mapOperands } from "./mapOperands.ts"
import { bufferOf, type NetworkDraft, PlanDraft } from "./PlanDraft.ts"
import type { PlanRequest } from "./PlanRequest.ts"
import { axisOf, partsOf } from "./partsOf.ts"
import { sharedHomes } from "./sharedHomes.ts"

/** How a plan takes less than the whole one. */
export interface Tiling {
  readonly name: string
  /** Dense input features stay in host memory. */
  readonly streamed: boolean
  /** Matrices between operators: each in a place of its own, taking turns in one, or on the host. */
  readonly hidden: "apart" | "inPlace" | "spilled"
  /** Columns of a part of an aggregation; parts of products are of as many bytes. */
  readonly columns: number
}

/** Where each buffer of the whole plan lies, by slot and leading dimension. */
type Places = ReadonlyArray<Pick<Operand, "slot" | "ld">>

class Tiler {
  readonly draft: PlanDraft
  readonly #tiling: Tiling
  readonly #places: Places
  readonly #overwriting: ReadonlySet<Op>

  constructor(request: PlanRequest, { draft: whole, output }: NetworkDraft, tiling: Tiling) {
    this.#tiling = tiling
    this.draft = new PlanDraft(request)
    for (const slot of whole.residents) {
      const streamed = tiling.streamed && slot.role === "x.dense"
      this.draft.residents.push(streamed ? { ...slot, host: true } : slot)
    }
    const last = bufferOf(output.at)
    const result = { buffer: last, onHost: tiling.hidden === "spilled" }
    const homes = tiling.hidden === "apart" ? null : sharedHomes(whole, result)
    this.#overwriting = homes?.overwriting ?? new Set()
    const spilled = (rows: number) =>
      tiling.hidden === "spilled" && rows === whole.request.shape.numNodes
    const own = whole.buffers.map(({ name, rows, cols }, b) => {
      if (homes !== null && homes.home[b] !== b) return null
      if (b === last && spilled(rows)) return this.#hostOutput(rows, cols)
      return this.draft.matrix(name, rows, homes?.width[b] ?? cols, spilled(rows)).at
    })
    this.#places = whole.buffers.map((_, b) => own[homes?.home[b] ?? b]!)
  }

  #hostOutput(rows: number, cols: number): Operand {
    const slot = this.draft.residents.length
    this.draft.residents.push({ role: "task.output", bytes: rows * cols * 4, host: true })
    return { slot, offset: 0, ld: cols }
  }

  readonly place = (operand: Operand): Operand => {
    const buffer = bufferOf(operand)
    if (buffer < 0) return operand
    const { slot, ld } = this.#places[buffer]
    return { slot, offset: operand.offset, ld }
  }

  #onHost({ slot }: Operand): boolean {
    return slot >= 0 ? this.draft.residents[slot].host === true : this.draft.buffers[-2 - slot].host
  }

  emit(op: Op): void {
    const placed = mapOperands(op, this.place)
    const overwrites = this.#overwriting.has(op)
    const isStaged = (use: OperandUse): boolean =>
      !use.isVector && (this.#onHost(use.operand) || (overwrites && use.access === "write"))
    const staged = operandUses(placed).filter(isStaged)
    if (staged.length === 0) {
      this.draft.push(placed)
      return
    }
    const parts = partsOf(placed, this.#partSize(placed, staged))
    const buffers = new Map<string, Operand>()
    parts.forEach((part, i) => {
      this.#emitPart(part, parts.length === 1 ? "" : `/${i}`, { isStaged, buffers })
    })
  }

  /** Rows of a product take as much room as columns of an aggregation. */
  #partSize(op: Op, staged: ReadonlyArray<OperandUse>): number {
    const { columns, hidden } = this.#tiling
    if (axisOf(op) === "columns") return columns
    const floats = this.draft.request.shape.numNodes * columns * (hidden === "spilled" ? 2 : 1)
    return Math.max(1, Math.floor(floats / staged.reduce((n, use) => n + use.cols, 0)))
  }

  /** Loads what it reads from the host, runs, and puts what it wrote where it belongs. */
  #emitPart(
    part: Op,
    suffix: string,
    stage: {
      readonly isStaged: (use: OperandUse) => boolean
      /** By operand: the first part makes them, and is the largest. */
      readonly buffers: Map<string, Operand>
    },
  ): void {
    const swaps = new Map<Operand, Operand>()
    const stores: Op[] = []
    for (const use of operandUses(part).filter(stage.isStaged)) {
      const name = `${part.name}.${use.field}`
      const { rows: m, cols: n, operand } = use
      const own = stage.buffers.get(use.field) ?? this.draft.matrix(name, m, n).at
      stage.buffers.set(use.field, own)
      swaps.set(operand, own)
      const copy = { kind: "copy", name: `${name}${suffix}`, m, n } as const
      if (use.access === "read") this.draft.push({ ...copy, link: "load", x: operand, y: own })
      else {
        const link = this.#onHost(operand) ? "store" : "within"
        stores.push({ ...copy, link, x: own, y: operand })
      }
    }
    const run = mapOperands(part, (operand) => swaps.get(operand) ?? operand)
    this.draft.push({ ...run, name: `${part.name}${suffix}` })
    for (const store of stores) this.draft.push(store)
  }
}

/** The operators of `whole` have no kernel memory: parts get their own, as the request's device wants. */
export const tilePlan = (
  request: PlanRequest,
  whole: NetworkDraft,
  tiling: Tiling,
): NetworkDraft => {
  const tiler = new Tiler(request, whole, tiling)
  for (const op of whole.draft.ops) tiler.emit(op)
  const { output } = whole
  return { draft: tiler.draft, output: { ...output, at: tiler.place(output.at) } }
}
