// One task through a runtime, in exactly the predicted bytes.
import { expect } from "vitest"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import type { RuntimeApi } from "../../src/runtime/RuntimeApi.ts"

export const runExactly = async (runtime: RuntimeApi, graph: GraphSource, model: ModelSource) => {
  const { output, record } = await runtime.submit({
    graph: await runtime.loadGraph(graph),
    model: await runtime.loadModel(model),
  }).result
  expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
  return output
}
