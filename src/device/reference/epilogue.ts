// What happens to an accumulated row before it is stored: the exact order of model/Op.ts.
import type { Epilogue } from "../../model/Op.ts"
import { activate } from "./activation.ts"
import { type FloatView, floatsOf, optionalFloats, type ReferenceMemory } from "./memory.ts"

/** Stores epilogue(acc[0 … n-1]) as row r of y; y may be the addend. */
export const rowStore = (
  memory: ReferenceMemory,
  epilogue: Epilogue,
  y: FloatView,
): ((r: number, acc: Float64Array) => void) => {
  const rowScale = optionalFloats(memory, epilogue.rowScale)
  const addend = optionalFloats(memory, epilogue.addend)
  const bias = optionalFloats(memory, epilogue.bias)
  const affine =
    epilogue.affine === null
      ? null
      : {
          scale: floatsOf(memory, epilogue.affine.scale),
          shift: floatsOf(memory, epilogue.affine.shift),
        }
  const before = epilogue.affineAfterActivation ? null : affine
  const after = epilogue.affineAfterActivation ? affine : null

  return (r, acc) => {
    for (let c = 0; c < acc.length; c++) {
      let v = acc[c]!
      if (rowScale) v *= rowScale.data[rowScale.base + r]!
      if (addend) v += addend.data[addend.base + r * addend.ld + c]!
      if (bias) v += bias.data[bias.base + c]!
      if (before) v = affineAt(before, c, v)
      v = activate(epilogue.activation, v)
      if (after) v = affineAt(after, c, v)
      y.data[y.base + r * y.ld + c] = v
    }
  }
}

const affineAt = (
  { scale, shift }: { readonly scale: FloatView; readonly shift: FloatView },
  c: number,
  v: number,
): number => v * scale.data[scale.base + c]! + shift.data[shift.base + c]!
