// Ten thousand real runs of tiny random tasks: predicted and measured memory agree to the byte.
import { expect, it } from "vitest"
import { Runtime } from "../../src/runtime/Runtime.ts"
import { testRandom } from "../support/random.ts"
import { architectures, randomGraph, randomModel } from "../support/sources.ts"

const seed = 4
const runs = 10_000

it("predicts the memory of 10,000 runs without any error", { timeout: 60_000 }, async () => {
  const random = testRandom(seed)
  const memoryBytes = 32 * 2 ** 20
  await using runtime = await Runtime.open({
    memoryBytes,
    lanes: 2,
    inProcess: true,
    shareWork: false,
  })
  const width = 7
  const graphs = await Promise.all(
    Array.from({ length: 24 }, (_, i) => {
      const nodes = 1 + random.int(60)
      const graph = { nodes, edges: random.int(4 * nodes), width, seed: seed + i }
      return runtime.loadGraph(randomGraph(graph))
    }),
  )
  const models = await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      runtime.loadModel(
        randomModel({
          architecture: architectures[i % architectures.length]!,
          width,
          hidden: 2 * (1 + random.int(20)),
          out: 1 + random.int(9),
          layers: 1 + random.int(6),
          seed: seed + i,
        }),
      ),
    ),
  )
  let wrong = 0
  let done = 0
  while (done < runs) {
    const tasks = Array.from({ length: 500 }, () => {
      const graph = graphs[random.int(graphs.length)]!
      const nodes = Array.from({ length: 1 + random.int(5) }, () =>
        random.int(graph.shape.numNodes),
      )
      return runtime.submit({
        graph,
        model: models[random.int(models.length)]!,
        ...(random.int(3) === 0 ? { nodes } : {}),
      }).result
    })
    for (const { record } of await Promise.all(tasks)) {
      done++
      if (record.measuredPeakBytes !== record.predictedPeakBytes) wrong++
    }
  }
  expect({ seed, done, wrong }).toEqual({ seed, done: runs, wrong: 0 })
})
