// The embedded API from outside: what a handle tells, what is refused, what close leaves behind.
import { Worker } from "node:worker_threads"
import { describe, expect, it, vi } from "vitest"
import type { TaskState } from "../../src/model/Task.ts"
import { byArrival, type TaskOrder } from "../../src/model/WaitingTasks.ts"
import type { ChooseTasks } from "../../src/policy/ownPolicy.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi, RuntimeOptions } from "../../src/runtime/RuntimeApi.ts"
import { randomGraph, randomModel } from "../support/sources.ts"

const memoryBytes = 64 * 2 ** 20
const backwards: TaskOrder = { key: ({ seq }) => -seq }

const open = (options: RuntimeOptions = {}) => Runtime.open({ memoryBytes, lanes: 2, ...options })

const small = async (runtime: RuntimeApi, nodes = 200) => {
  const graph = await runtime.loadGraph(randomGraph({ nodes, edges: 4 * nodes, width: 8, seed: 1 }))
  const model = await runtime.loadModel(randomModel({ architecture: "GCN", width: 8, seed: 2 }))
  return { graph, model }
}

const tagOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error) => error._tag,
  )

describe.each([{ inProcess: true }, { inProcess: false }])("a runtime with %o", (where) => {
  it("completes a task and tells every state it passed through once", async () => {
    await using runtime = await open(where)
    const task = runtime.submit(await small(runtime))
    const states: Array<TaskState> = []
    task.onState((state) => states.push(state))
    const { output, record } = await task.result
    expect([output.rows, output.cols]).toEqual([200, 5])
    expect(output.data.every(Number.isFinite)).toBe(true)
    expect(output.data.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(record.status).toBe("completed")
    expect(record.measuredPeakBytes).toBe(record.predictedPeakBytes)
    expect(task.state).toBe("completed")
    expect(states.at(-1)).toBe("completed")
    expect(new Set(states).size).toBe(states.length)
  })

  it("answers the rows that were asked, in that order, as the full run has them", async () => {
    await using runtime = await open(where)
    const parts = await small(runtime)
    const full = (await runtime.submit(parts).result).output
    const nodes = [7, 0, 199, 7]
    const some = (await runtime.submit({ ...parts, nodes }).result).output
    expect(some.rows).toBe(4)
    for (const [row, node] of nodes.entries()) {
      expect(some.data.slice(row * 5, row * 5 + 5)).toEqual(full.data.slice(node * 5, node * 5 + 5))
    }
  })

  it("explains a task: its waits and its runs fill the time from submission to end", async () => {
    await using runtime = await open(where)
    const { record } = await runtime.submit({ ...(await small(runtime)), id: "a/1" }).result
    const { steps, waitedMs } = await runtime.explain("a/1")
    expect(steps[0]!.fromMs).toBe(record.submittedAtMs)
    expect(steps.at(-1)!.toMs).toBe(record.finishedAtMs)
    expect(steps.filter(({ kind }) => kind === "run")).toHaveLength(1)
    expect(waitedMs.preparing).toBeGreaterThan(0)
    const missing = await runtime.explain("a").catch((error) => error)
    expect(missing).toMatchObject({ _tag: "TaskNotFound", tasks: 1, nearest: ["a/1"] })
  })

  it("rejects a task whose footprint exceeds the device, with both numbers", async () => {
    await using runtime = await open({ ...where, memoryBytes: 64 * 1024 })
    const parts = await small(runtime, 5000)
    const error = await runtime.submit(parts).result.catch((reason) => reason)
    expect(error._tag).toBe("TooLarge")
    expect(error.bytesBudget).toBe(64 * 1024)
    expect(error.bytesNeeded).toBeGreaterThan(64 * 1024)
    const [record] = (await runtime.report()).tasks
    expect(record).toMatchObject({ status: "rejected", reason: { _tag: "TooLarge" } })
  })

  it("refuses a second live task of one id and leaves the first alone", async () => {
    await using runtime = await open(where)
    const parts = await small(runtime)
    const first = runtime.submit({ ...parts, id: "same" })
    const second = runtime.submit({ ...parts, id: "same" })
    expect(await tagOf(second.result)).toBe("DuplicateTask")
    expect((await first.result).record.status).toBe("completed")
  })

  it("refuses beyond its bound of queued tasks and completes the others", async () => {
    await using runtime = await open({ ...where, maxQueuedTasks: 3 })
    const parts = await small(runtime)
    const tags = await Promise.all(
      Array.from({ length: 8 }, () => tagOf(runtime.submit(parts).result)),
    )
    expect(tags.filter((tag) => tag === "QueueFull").length).toBeGreaterThan(0)
    expect(tags.slice(0, 3)).toEqual(["no error", "no error", "no error"])
  })

  it("fails a task with a target that is not in the graph, naming both", async () => {
    await using runtime = await open(where)
    const parts = await small(runtime)
    const error = await runtime.submit({ ...parts, nodes: [3, 200] }).result.catch((e) => e)
    expect(error).toMatchObject({ _tag: "NodeOutOfRange", position: 1, node: 200, numNodes: 200 })
  })

  it("cancels a task in any state, and the memory comes back", async () => {
    await using runtime = await open({ ...where, lanes: 1 })
    const parts = await small(runtime, 20_000)
    const tasks = Array.from({ length: 6 }, () => runtime.submit(parts))
    await Promise.all(tasks.slice(1).map((task) => task.cancel()))
    await runtime.drain()
    const states = tasks.map((task) => task.state)
    expect(states.every((state) => state === "cancelled" || state === "completed")).toBe(true)
    expect(states).toContain("cancelled")
    const report = await runtime.report()
    const arenas = report.memory.filter(({ kind }) => kind === "arena")
    const held = arenas.reduce((sum, e) => sum + (e.change === "grant" ? e.bytes : -e.bytes), 0)
    expect(held).toBe(0)
  })

  it("knows of all tasks that come at once when it decides on the first", async () => {
    await using runtime = await open({ ...where, lanes: 1, policy: "sjf", shareWork: false })
    const [large, little] = [await small(runtime, 5000), await small(runtime)]
    for (const parts of [large, little]) await runtime.submit(parts).result
    const inputs = Array.from({ length: 40 }, (_, i) => (i < 20 ? large : little))
    const ends = runtime.submitAll(inputs).map(({ result }) => result)
    const begun = (await Promise.all(ends)).map(({ record }) => record.startedAtMs!)
    expect(Math.max(...begun.slice(20))).toBeLessThan(Math.min(...begun.slice(0, 20)))
    const { decisions } = await runtime.report()
    expect(Math.max(...decisions.map(({ waiting }) => waiting))).toBe(inputs.length)
  })

  it("answers for each of the tasks that come at once, the refused ones too", async () => {
    await using runtime = await open({ ...where, shareWork: false })
    const parts = await small(runtime)
    const strange = { ...parts, graph: { ...parts.graph, id: "none" } }
    const ends = runtime
      .submitAll([
        { ...parts, id: "a" },
        strange,
        { ...parts, id: "a" },
        { ...parts, nodes: [200] },
        parts,
      ])
      .map(({ result }) => tagOf(result))
    expect(await Promise.all(ends)).toEqual([
      ...["no error", "UnknownId", "DuplicateTask", "NodeOutOfRange", "no error"],
    ])
    expect(runtime.submitAll([])).toEqual([])
  })

  it("ends every accepted task when it is closed, and refuses options that make no sense", async () => {
    const runtime = await open({ ...where, lanes: 1 })
    const parts = await small(runtime, 20_000)
    const tasks = Array.from({ length: 5 }, () => runtime.submit(parts))
    const ends = Promise.all(tasks.map((task) => tagOf(task.result)))
    await runtime.close()
    for (const tag of await ends) expect(["no error", "TaskCancelled"]).toContain(tag)
    const error = await open({ ...where, lanes: 0 }).catch((reason) => reason)
    expect(error).toMatchObject({ _tag: "BadConfig", path: "lanes", found: "0" })
    expect(await tagOf(open({ ...where, policy: "unsafe" }))).toBe("BadConfig")
  })
})

it("tasks that come at once cross to the runtime's thread in one message", async () => {
  const post = vi.spyOn(Worker.prototype, "postMessage")
  try {
    await using runtime = await open({ shareWork: false })
    const parts = await small(runtime)
    const before = post.mock.calls.length
    const tasks = runtime.submitAll(Array.from({ length: 10 }, () => parts))
    expect(post.mock.calls.length - before).toBe(1)
    for (const { result } of tasks) expect((await result).record.status).toBe("completed")
  } finally {
    post.mockRestore()
  }
})

describe("a policy of the application's own", () => {
  const choices: ReadonlyArray<readonly [string, ChooseTasks, ReadonlyArray<string>]> = [
    [
      "the last first",
      ({ waiting }) => waiting.ordered(byArrival).descending(),
      ["d", "c", "b", "a"],
    ],
    ["by the key it gives", ({ waiting }) => waiting.ordered(backwards), ["d", "c", "b", "a"]],
    ["twice the same", ({ waiting }) => [...waiting, ...waiting], ["a", "b", "c", "d"]],
  ]

  it.each(choices)("%s decides the order", async (_, policy, expected) => {
    await using runtime = await open({ policy, lanes: 1, shareWork: false })
    const source = await small(runtime)
    // The first is under way while the others line up.
    const ids = ["a", "b", "c", "d"]
    await Promise.all(ids.map((id) => runtime.submit({ id, ...source }).result))
    const { policy: name, tasks } = await runtime.report()
    const order = tasks.toSorted((x, y) => x.startedAtMs! - y.startedAtMs!).map(({ id }) => id)
    expect(order.filter((id) => id !== order[0])).toEqual(expected.filter((id) => id !== order[0]))
    expect(name).toBe("own")
  })

  it("that throws fails every task with what it said, and the runtime closes", async () => {
    const policy: ChooseTasks = () => {
      throw new Error("no idea")
    }
    await using runtime = await open({ policy })
    const failure = runtime.submit(await small(runtime)).result
    const reason = expect.stringContaining("no idea")
    await expect(failure).rejects.toMatchObject({ _tag: "RuntimeFailed", reason })
  })
})
