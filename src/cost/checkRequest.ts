// Whether a network can run on a graph at all: widths that agree, indices that fit, a task kind
// that exists. Answers the first thing wrong, or null.
import { BadConfig, IndexOverflow, type InputError, Unsupported } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import type { PlanRequest } from "./PlanRequest.ts"

/** Errors of a request name no file: it may have come from arrays or the command line. */
const file = "task"

const overflow = (what: string, value: number, limit: number): InputError | null =>
  value <= limit ? null : new IndexOverflow({ file, what, value, limit })

const notACount = (path: string, value: number | null): InputError | null =>
  value === null || (Number.isSafeInteger(value) && value >= 0)
    ? null
    : new BadConfig({ file, path, expected: "an integer of at least 0", found: String(value) })

export const checkRequest = ({ config, shape, targets }: PlanRequest): InputError | null => {
  const counts = [
    ["nodes", shape.numNodes, limits.maxIndex - 1],
    ["edges", shape.numEdges, limits.maxIndex],
    ["feature width", shape.featureWidth, limits.maxFeatureWidth],
    ["stored features", shape.featureNonZeros, limits.maxIndex],
    ["graphs", shape.numGraphs, limits.maxIndex - 1],
    ["targets", targets, limits.maxTargets],
  ] as const
  for (const [what, value, limit] of counts) {
    const refusal = notACount(what, value) ?? overflow(what, value ?? 0, limit)
    if (refusal !== null) return refusal
  }
  if (shape.featureWidth !== config.inWidth)
    return new BadConfig({
      file,
      path: "in_channels",
      expected: `${shape.featureWidth}, the feature width of the graph`,
      found: String(config.inWidth),
    })
  if (targets !== null && config.pooling !== null)
    return new Unsupported({
      file,
      path: "nodes",
      found: `target nodes with a ${config.pooling} readout per graph`,
      supported: "target nodes of a network without pooling",
    })
  return null
}
