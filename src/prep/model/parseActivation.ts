// PyG's `act` and `act_kwargs`: the names of torch's activation modules, spelled any usual way.
import type { Activation, ActivationName } from "../../model/GnnModel.ts"
import { type ConfigFields, normalizeName } from "./ConfigFields.ts"

interface Known {
  readonly name: ActivationName
  /** The argument that sets the parameter, and its default in torch. */
  readonly argument: { readonly key: string; readonly fallback: number } | null
}

const plain = (name: ActivationName): Known => ({ name, argument: null })

/** "identity" and "none" are ours: torch has no such activation, PyG says None in Python. */
const known: ReadonlyMap<string, Known> = new Map([
  ["relu", plain("relu")],
  ["elu", { name: "elu", argument: { key: "alpha", fallback: 1 } }],
  ["leakyrelu", { name: "leaky_relu", argument: { key: "negative_slope", fallback: 0.01 } }],
  ["tanh", plain("tanh")],
  ["sigmoid", plain("sigmoid")],
  ["gelu", plain("gelu")],
  ["silu", plain("silu")],
  ["swish", plain("silu")],
  ["identity", plain("identity")],
  ["none", plain("identity")],
])

const supported = "relu, elu, leaky_relu, tanh, sigmoid, gelu, silu, identity"

export const parseActivation = (fields: ConfigFields): Activation => {
  const found = known.get(normalizeName(fields.text("act") ?? "relu"))
  if (found === undefined) throw fields.unsupported("act", supported)
  const { name, argument } = found
  const kwargs = fields.child("act_kwargs")
  for (const key of kwargs.keys()) {
    if (key === argument?.key || (key === "inplace" && name !== "identity")) continue
    if (key !== "approximate" || name !== "gelu")
      throw kwargs.bad(key, `arguments of ${name}: ${argument?.key ?? "none"}`)
    if ((kwargs.text(key) ?? "none") !== "none") throw kwargs.unsupported(key, '"none"')
  }
  return { name, parameter: argument === null ? 0 : kwargs.number(argument.key, argument.fallback) }
}
