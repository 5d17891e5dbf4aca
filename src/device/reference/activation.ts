// The activation functions in float64, as torch.nn defines them with its defaults.
import type { Activation } from "../../model/GnnModel.ts"

/**
 * erf(x) = 2/sqrt(pi) * exp(-x^2) * sum over n of 2^n x^(2n+1) / (2n+1)!!. Every term has the sign
 * of x, so nothing cancels; beyond |x| = 6 it is 1 to the last bit of a double.
 */
export const erf = (x: number): number => {
  if (Number.isNaN(x)) return Number.NaN
  if (Math.abs(x) >= 6) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v))

/** NaN comes out as NaN of every one of them. */
export const activate = ({ name, parameter }: Activation, v: number): number => {
  switch (name) {
    case "identity":
      return v
    case "relu":
      return Math.max(v, 0)
    case "elu":
      return v > 0 ? v : parameter * Math.expm1(v)
    case "leaky_relu":
      return v > 0 ? v : parameter * v
    case "tanh":
      return Math.tanh(v)
    case "sigmoid":
      return sigmoid(v)
    case "gelu":
      return 0.5 * v * (1 + erf(v / Math.SQRT2))
    case "silu":
      return v * sigmoid(v)
  }
}
