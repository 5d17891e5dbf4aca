// Submit-to-result latency of a tiny task (200 nodes, 2-layer GCN) on the cpu device: through the
// runtime worker, in the caller's thread, and with other tasks in front.
import { Bench } from "tinybench"
import { Runtime } from "../src/runtime/Runtime.ts"
import type { RuntimeApi } from "../src/runtime/RuntimeApi.ts"
import { randomGraph, randomModel } from "../test/support/sources.ts"
import { runBench, type Suite } from "./suite.ts"

const load = async (runtime: RuntimeApi) => ({
  graph: await runtime.loadGraph(randomGraph({ nodes: 200, edges: 800, width: 16, seed: 1 })),
  model: await runtime.loadModel(randomModel({ architecture: "GCN", width: 16, seed: 1 })),
})

export const latencySuite: Suite = async ({ smoke }) => {
  const iterations = smoke ? 20 : 3000
  const bench = new Bench({ iterations, time: 0, warmupIterations: smoke ? 5 : 500, warmupTime: 0 })
  const memoryBytes = 64 * 2 ** 20
  await using inWorker = await Runtime.open({ memoryBytes, lanes: 2, shareWork: false })
  await using inProcess = await Runtime.open({
    memoryBytes,
    lanes: 2,
    inProcess: true,
    shareWork: false,
  })
  for (const [name, runtime] of [
    ["submit to result, runtime worker", inWorker],
    ["submit to result, in process", inProcess],
  ] as const) {
    const parts = await load(runtime)
    bench.add(name, async () => {
      await runtime.submit(parts).result
    })
    bench.add(`${name}, 32 at once`, async () => {
      await Promise.all(Array.from({ length: 32 }, () => runtime.submit(parts).result))
    })
  }
  // Awaited here: the runtimes close when this returns.
  return await runBench("latency", bench)
}
