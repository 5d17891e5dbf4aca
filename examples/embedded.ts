// The embedded API: open, load, submit, read. From the checkout: npx node examples/embedded.ts
import { Runtime } from "../src/index.ts"

await using runtime = await Runtime.open({ memoryBytes: 256 * 2 ** 20, policy: "base" })
const graph = await runtime.loadGraph({ kind: "preset", preset: "cora", seed: 1, scale: 1 })
const model = await runtime.loadModel({
  kind: "file",
  configPath: new URL("models/gcn-cora.json", import.meta.url).pathname,
  weights: { seed: 1 },
})

const { arenaBytes, predictedMs } = await runtime.estimate({ graph, model })
console.log(`an arena of ${arenaBytes} bytes, about ${predictedMs.toFixed(2)} ms`)

const all = runtime.submit({ tenant: "search", graph, model, deadlineMs: 100 })
const few = runtime.submit({ tenant: "fraud", graph, model, nodes: [0, 5, 9], priority: 1 })
all.onState((state) => console.log(`${all.id} is ${state}`))

const { output, record } = await few.result
console.log(`${output.rows} x ${output.cols}:`, output.data.slice(0, output.cols))
console.log(`exact: ${record.predictedPeakBytes === record.measuredPeakBytes}`)
await all.result
