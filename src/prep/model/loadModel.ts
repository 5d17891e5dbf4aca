// From where a model lies to a GnnModel: the JSON, then the safetensors beside it, another file,
// arrays in memory or a seed. Throws the tagged errors of model/errors.ts.
import { createHash } from "node:crypto"
import { basename } from "node:path"
import { BadConfig } from "../../model/errors.ts"
import type { GnnConfig, GnnModel, ModelSource } from "../../model/GnnModel.ts"
import type { Tensor } from "../../model/Tensor.ts"
import { readSafetensors } from "../safetensors.ts"
import { checkWeights } from "./checkWeights.ts"
import { parseGnnConfig } from "./parseConfig.ts"
import { randomWeights } from "./randomWeights.ts"
import { readJsonFile } from "./readJson.ts"

const stem = (path: string): string => path.replace(/\.json$/i, "")

/** The configuration alone; no weight is read. */
export const readModelConfig = (source: ModelSource): GnnConfig =>
  source.kind === "file"
    ? parseGnnConfig(readJsonFile(source.configPath), source.configPath)
    : parseGnnConfig(source.config, source.name)

const seeded = (config: GnnConfig, seed: number, file: string): ReadonlyMap<string, Tensor> => {
  if (!Number.isSafeInteger(seed)) {
    const found = String(seed)
    throw new BadConfig({ file, path: "weights.seed", expected: "an integer", found })
  }
  return randomWeights(config, seed)
}

const loadWeights = (config: GnnConfig, source: ModelSource): ReadonlyMap<string, Tensor> => {
  const file = source.kind === "file" ? source.configPath : source.name
  const { weights } = source
  if (weights instanceof Map) return checkWeights(config, weights, file)
  if (weights !== null && "seed" in weights) return seeded(config, weights.seed, file)
  const path = weights !== null && "path" in weights ? weights.path : `${stem(file)}.safetensors`
  return checkWeights(config, readSafetensors(path), path)
}

/** Equal configurations with equal weights have equal ids, whatever their files are called. */
const digest = (config: GnnConfig, weights: ReadonlyMap<string, Tensor>): string => {
  const hash = createHash("sha256").update(JSON.stringify(config))
  for (const name of [...weights.keys()].sort()) {
    const { shape, data } = weights.get(name)!
    hash.update(`\n${name} ${shape.join("x")}\n`)
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest("hex")
}

export const loadGnnModel = (source: ModelSource): GnnModel => {
  const config = readModelConfig(source)
  const weights = loadWeights(config, source)
  const name = source.kind === "file" ? basename(stem(source.configPath)) : source.name
  return { contentId: digest(config, weights), name, config, weights }
}
