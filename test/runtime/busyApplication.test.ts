// The runtime has its own thread: an application that computes for long delays no task.
import { describe, expect, it } from "vitest"
import { Runtime } from "../../src/runtime/Runtime.ts"
import { randomGraph, randomModel } from "../support/sources.ts"

describe("a busy application thread", () => {
  it("does not delay scheduling: tasks end while the thread is blocked", async () => {
    await using runtime = await Runtime.open({ lanes: 2, memoryBytes: 64 * 2 ** 20 })
    const graph = await runtime.loadGraph(
      randomGraph({ nodes: 500, edges: 2000, width: 8, seed: 1 }),
    )
    const model = await runtime.loadModel(randomModel({ architecture: "GCN", width: 8, seed: 1 }))
    await runtime.submit({ graph, model }).result
    const tasks = Array.from({ length: 20 }, () => runtime.submit({ graph, model, share: false }))
    // The messages are on their way; from here this thread answers nothing for a second.
    const blockedMs = 1000
    const until = performance.now() + blockedMs
    while (performance.now() < until);
    const results = await Promise.all(tasks.map((task) => task.result))
    const responses = results.map(({ record }) => record.finishedAtMs! - record.submittedAtMs)
    expect(Math.max(...responses)).toBeLessThan(blockedMs / 2)
  })
})
