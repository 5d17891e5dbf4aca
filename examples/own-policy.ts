// A scheduling policy of one's own: tenants take turns, each with its most urgent task. From the
// checkout: npx node examples/own-policy.ts
import { type ChooseTasks, Runtime } from "../src/index.ts"

const mostUrgent = { key: ({ priority }: { priority: number }) => -priority }
let turn = 0

/** One task of each tenant, another tenant first each time. */
const takeTurns: ChooseTasks = function* ({ waiting }) {
  const tenants = [...waiting.byTenant(mostUrgent).values()]
  turn++
  for (let i = 0; i < tenants.length; i++) {
    const [first] = tenants[(turn + i) % tenants.length]!
    yield first!
  }
}

await using runtime = await Runtime.open({
  memoryBytes: 256 * 2 ** 20,
  lanes: 1,
  policy: takeTurns,
})
const graph = await runtime.loadGraph({ kind: "preset", preset: "cora", seed: 1, scale: 1 })
const configPath = new URL("models/gcn-cora.json", import.meta.url).pathname
const model = await runtime.loadModel({ kind: "file", configPath, weights: { seed: 1 } })

const submit = (tenant: string) => runtime.submit({ tenant, graph, model })
await Promise.all(["a", "a", "a", "b", "b", "b"].map((tenant) => submit(tenant).result))
const { tasks } = await runtime.report()
const order = tasks.toSorted((a, b) => a.startedAtMs! - b.startedAtMs!)
console.log(order.map(({ tenant }) => tenant).join(" "))
