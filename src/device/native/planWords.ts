// The form in which a plan crosses the native border: one flat Float64Array, mirrored by
// native/plan_words.h (a test compares the numbers). A header of 8 words, then 72 words per
// operator: kind, dimensions, flags, reals, and 18 operands of three words (slot, offset, ld).
import type { ActivationName, Aggregation } from "../../model/GnnModel.ts"
import type {
  AggGemmOp,
  Epilogue,
  GatOp,
  GatV2Op,
  KernelMemory,
  Op,
  Operand,
  OpKind,
  SpmmOp,
} from "../../model/Op.ts"
import type { Plan } from "../../model/Plan.ts"
import type { Precision, Storage } from "../../model/precision.ts"

/** Numbers that native/plan_words.h has under the same names with a `k` in front. */
export const planFormat = {
  Magic: 0x474e4e50,
  Version: 4,
  HeaderWords: 8,
  HeadMagic: 0,
  HeadVersion: 1,
  HeadOps: 2,
  HeadSlots: 3,
  HeadOutputOffset: 4,
  HeadOutputRows: 5,
  HeadOutputCols: 6,
  HeadOutputSlot: 7,
  OpWords: 72,
  OpKind: 0,
  OpM: 1,
  OpK: 2,
  OpN: 3,
  OpNnz: 4,
  OpHeads: 5,
  OpHeadWidth: 6,
  OpCount: 7,
  OpFlags: 8,
  OpReduce: 9,
  OpActivation: 10,
  OpParameter: 11,
  OpSelfCoefficient: 12,
  OpNegativeSlope: 13,
  OpRowWorkWords: 14,
  OpScratchWords: 15,
  OpPrecision: 16,
  Operands: 18,
  OperandWords: 3,
  SlotArena: -1,
  SlotAbsent: -2,
  X: 0,
  B: 1,
  Y: 2,
  RowOffsets: 3,
  ColIndices: 4,
  Values: 5,
  ColScale: 6,
  SelfWeight: 7,
  ScoreSrc: 8,
  ScoreDst: 9,
  RowScale: 10,
  Addend: 11,
  Bias: 12,
  AffineScale: 13,
  AffineShift: 14,
  Rows: 15,
  RowWork: 16,
  Scratch: 17,
  FlagConcat: 1,
  FlagSelfLoops: 2,
  FlagSkipSelf: 4,
  FlagL2: 8,
  FlagAffineAfter: 16,
  HostRead: -1,
  HostWrite: -2,
} as const

/** Positions are the codes of native/plan_words.h (kGemm, …) and the enums of op_args.h. */
export const kindCodes: ReadonlyArray<OpKind> = [
  "gemm",
  "spmm",
  "gat",
  "densify",
  "rowwise",
  "readout",
  "gather",
  "logSoftmax",
  "gatv2",
  "copy",
  "aggGemm",
]
/** How a gemm multiplies; the codes of native/plan_words.h. */
export const productsCodes: ReadonlyArray<Precision> = ["fp32", "tf32", "fp16", "bf16"]
const storageCodes: ReadonlyArray<Storage | undefined> = [undefined, "fp16", "bf16"]
export const reduceCodes: ReadonlyArray<Aggregation> = ["sum", "mean", "max"]
export const activationCodes: ReadonlyArray<ActivationName> = [
  "identity",
  "relu",
  "elu",
  "leaky_relu",
  "tanh",
  "sigmoid",
  "gelu",
  "silu",
]

const F = planFormat

/** Writes the words of one operator, which start at `base`. */
class OpWriter {
  readonly #words: Float64Array
  readonly #base: number

  constructor(words: Float64Array, base: number) {
    this.#words = words
    this.#base = base
    for (let i = 0; i < F.Operands; i++) words[this.#operandAt(i)] = F.SlotAbsent
  }

  #operandAt(index: number): number {
    return this.#base + F.OpWords - (F.Operands - index) * F.OperandWords
  }

  set(word: number, value: number): void {
    this.#words[this.#base + word] = value
  }

  flag(flag: number, on: boolean): void {
    if (on) this.#words[this.#base + F.OpFlags]! += flag
  }

  operand(index: number, operand: Operand | null): void {
    if (operand === null) return
    const at = this.#operandAt(index)
    // a slot that is no slot must not read as "absent"
    this.#words[at] = operand.slot === F.SlotAbsent ? Number.NaN : operand.slot
    this.#words[at + 1] = operand.offset
    this.#words[at + 2] = operand.ld
  }

  /** Of the matrices that may lie in two bytes, and of a product's factors. */
  precision(matrices: ReadonlyArray<Operand | null>, products: Precision = "fp32"): void {
    const storages = matrices.map((operand) => storageCodes.indexOf(operand?.storage))
    const word = storages.reduce((sum, code, i) => sum + code * 4 ** (i + 1), 0)
    this.set(F.OpPrecision, word + productsCodes.indexOf(products))
  }

  csr(op: { nnz: number; rowOffsets: Operand; colIndices: Operand }): void {
    this.set(F.OpNnz, op.nnz)
    this.operand(F.RowOffsets, op.rowOffsets)
    this.operand(F.ColIndices, op.colIndices)
  }

  memory(memory: KernelMemory | undefined): void {
    if (memory === undefined) return
    const { rowWork, scratch } = memory
    this.set(F.OpRowWorkWords, rowWork?.words ?? 0)
    this.set(F.OpScratchWords, scratch?.words ?? 0)
    this.operand(F.RowWork, rowWork?.at ?? null)
    this.operand(F.Scratch, scratch?.at ?? null)
  }

  epilogue(epilogue: Epilogue): void {
    this.operand(F.RowScale, epilogue.rowScale)
    this.operand(F.Addend, epilogue.addend)
    this.operand(F.Bias, epilogue.bias)
    this.operand(F.AffineScale, epilogue.affine?.scale ?? null)
    this.operand(F.AffineShift, epilogue.affine?.shift ?? null)
    this.flag(F.FlagAffineAfter, epilogue.affineAfterActivation)
    this.set(F.OpActivation, activationCodes.indexOf(epilogue.activation.name))
    this.set(F.OpParameter, epilogue.activation.parameter)
  }
}

const writeAggregate = (to: OpWriter, op: SpmmOp | AggGemmOp): void => {
  to.set(F.OpK, op.k)
  to.set(F.OpN, op.n)
  to.csr(op)
  to.set(F.OpReduce, reduceCodes.indexOf(op.reduce))
  to.set(F.OpSelfCoefficient, op.selfCoefficient)
  to.flag(F.FlagSkipSelf, op.skipSelf)
  to.precision([op.x, op.y, op.epilogue.addend])
  to.operand(F.Values, op.values)
  to.operand(F.ColScale, op.colScale)
  to.operand(F.SelfWeight, op.selfWeight)
  to.operand(F.X, op.x)
  to.operand(F.Y, op.y)
  to.epilogue(op.epilogue)
  to.memory(op.memory)
}

const writeAttention = (to: OpWriter, op: GatOp | GatV2Op): void => {
  to.csr(op)
  to.set(F.OpHeads, op.heads)
  to.set(F.OpHeadWidth, op.headWidth)
  to.set(F.OpNegativeSlope, op.negativeSlope)
  to.flag(F.FlagConcat, op.concat)
  to.flag(F.FlagSelfLoops, op.selfLoops)
  to.operand(F.X, op.x)
  to.precision([op.x, op.y, op.epilogue.addend])
  to.operand(F.Y, op.y)
  to.epilogue(op.epilogue)
  to.memory(op.memory)
}

const writeOp = (to: OpWriter, op: Op): void => {
  to.set(F.OpKind, kindCodes.indexOf(op.kind))
  to.set(F.OpM, op.m)
  switch (op.kind) {
    case "gemm":
      to.set(F.OpK, op.k)
      to.set(F.OpN, op.n)
      to.precision([op.a, op.c, op.epilogue.addend], op.products)
      to.operand(F.X, op.a)
      to.operand(F.B, op.b)
      to.operand(F.Y, op.c)
      to.epilogue(op.epilogue)
      to.memory(op.memory)
      break
    case "spmm":
      writeAggregate(to, op)
      break
    case "aggGemm":
      writeAggregate(to, op)
      to.operand(F.B, op.b)
      break
    case "gat":
      writeAttention(to, op)
      to.operand(F.ScoreSrc, op.scoreSrc)
      to.operand(F.ScoreDst, op.scoreDst)
      break
    case "gatv2":
      writeAttention(to, op)
      to.operand(F.B, op.att)
      to.operand(F.ScoreDst, op.target)
      break
    case "densify":
      to.set(F.OpK, op.k)
      to.csr(op)
      to.precision([null, op.y])
      to.operand(F.Values, op.values)
      to.operand(F.Y, op.y)
      break
    case "rowwise":
      to.set(F.OpN, op.n)
      to.precision([op.x, op.y, op.epilogue.addend])
      to.flag(F.FlagL2, op.l2)
      to.operand(F.X, op.x)
      to.operand(F.Y, op.y)
      to.epilogue(op.epilogue)
      break
    case "readout":
      to.set(F.OpN, op.n)
      to.set(F.OpCount, op.graphs)
      to.set(F.OpReduce, reduceCodes.indexOf(op.reduce))
      to.precision([op.x, op.y])
      to.operand(F.Rows, op.graphOffsets)
      to.operand(F.X, op.x)
      to.operand(F.Y, op.y)
      break
    case "gather":
      to.set(F.OpN, op.n)
      to.set(F.OpCount, op.count)
      to.precision([op.x, op.y])
      to.operand(F.Rows, op.rows)
      to.operand(F.X, op.x)
      to.operand(F.Y, op.y)
      break
    case "copy":
    case "logSoftmax":
      to.set(F.OpN, op.n)
      to.precision([op.x, op.y])
      to.operand(F.X, op.x)
      to.operand(F.Y, op.y)
      break
  }
}

export const encodePlan = (plan: Plan): Float64Array => {
  const words = new Float64Array(F.HeaderWords + plan.ops.length * F.OpWords)
  words[F.HeadMagic] = F.Magic
  words[F.HeadVersion] = F.Version
  words[F.HeadOps] = plan.ops.length
  words[F.HeadSlots] = plan.residents.length
  words[F.HeadOutputOffset] = plan.output.offset
  words[F.HeadOutputRows] = plan.output.rows
  words[F.HeadOutputCols] = plan.output.cols
  words[F.HeadOutputSlot] = plan.output.slot ?? F.SlotArena
  for (const [index, op] of plan.ops.entries()) {
    writeOp(new OpWriter(words, F.HeaderWords + index * F.OpWords), op)
  }
  return words
}
