// The file of `run --faults`.
import { Effect, Result } from "effect"
import { describe, expect, it } from "vitest"
import { faultPlanFromDocument, readFaultFile } from "../../src/cli/faultFile.ts"
import { parseConfig } from "../../src/cli/readConfigFile.ts"
import { readWorkload } from "../../src/cli/workload/readWorkload.ts"

const taskIds = ["a/0", "a/1", "crawl"]
const parse = (text: string) =>
  Effect.runPromise(
    Effect.result(
      Effect.flatMap(parseConfig("f.yaml", text), (document) =>
        faultPlanFromDocument(document, taskIds),
      ),
    ),
  )

describe("a fault file", () => {
  it("fills in what is left out: any task, once, certainly, the first operator, not transient", async () => {
    const result = await parse("faults: [{ kind: op }, { kind: lane, task: a/*, op: l0.spmm }]")
    expect(Result.isSuccess(result) && result.success).toEqual({
      seed: 0,
      faults: [
        { kind: "op", task: null, times: 1, probability: 1, op: 0, transient: false },
        { kind: "lane", task: "a/*", times: 1, probability: 1, op: "l0.spmm" },
      ],
    })
  })

  it("reads durations", async () => {
    const result = await parse("seed: 3\nfaults: [{ kind: delay, op: 1, delay: 2s, times: 4 }]")
    expect(Result.isSuccess(result) && result.success.faults[0]).toMatchObject({ delayMs: 2000 })
  })

  it("reads the example, whose tasks are those of the demo", async () => {
    const example = (name: string) => new URL(`../../examples/${name}`, import.meta.url).pathname
    const plan = await Effect.runPromise(
      Effect.gen(function* () {
        const { tasks } = yield* readWorkload(example("demo.yaml"), { allowOutside: false })
        const ids = tasks.map(({ id }) => id)
        return yield* readFaultFile(example("faults.yaml"), ids)
      }),
    )
    expect(plan.faults.length).toBeGreaterThan(3)
  })

  it.each([
    ["faults: [{ kind: explode }]", "faults[0].kind", /allocation, op, delay/],
    ["faults: [{ kind: op, probability: 2 }]", "faults[0].probability", /0 to 1/],
    ["faults: [{ kind: op, times: 0 }]", "faults[0].times", /at least 1/],
    ["faults: [{ kind: op, delay: 5ms }]", "faults[0].delay", /takes op and transient/],
    ["faults: [{ kind: delay, op: 1 }]", "faults[0].delay", /duration/],
    ["faults: [{ kind: op, op: -1 }]", "faults[0].op", /index/],
    ["faults: [{ kind: op, tsak: a }]", "faults[0].tsak", /did you mean task/],
    ["faults: [{ kind: op, task: a }]", "faults[0].task", /a task of the workload/],
    ["faults: [{ kind: op, task: b/* }]", "faults[0].task", /a task of the workload/],
    ["faults: [{ kind: op, task: crawk }]", "faults[0].task", /did you mean crawl/],
    ["seed: -1\nfaults: []", "seed", /at least 0/],
    ["seed: 1", "faults", /list of faults/],
  ])("refuses %j at %s", async (text, path, expected) => {
    const result = await parse(text)
    if (Result.isSuccess(result)) throw new Error("it was accepted")
    expect(result.failure).toMatchObject({ _tag: "BadConfig", path })
    expect((result.failure as { expected: string }).expected).toMatch(expected)
  })
})
