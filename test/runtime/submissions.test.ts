// What the application's side keeps of tasks that the runtime worker has: nobody waits for ever.
import { describe, expect, it } from "vitest"
import { QueueFull } from "../../src/model/errors.ts"
import { toPlain } from "../../src/model/plainError.ts"
import type { TaskSpec } from "../../src/model/Task.ts"
import type { TaskResult } from "../../src/runtime/RuntimeApi.ts"
import { Submissions } from "../../src/runtime/Submissions.ts"

const spec = (id: string): TaskSpec => ({
  ...{ id, tenant: "t", graph: "g", model: "m", nodes: null, deadlineMs: null, priority: 0 },
})
const result = (id: string) => ({ record: { id } }) as TaskResult
const endOf = (end: Promise<unknown>) => end.catch((error) => error)

describe("submissions", () => {
  it("end each under its own key, in any order, with what came back", async () => {
    const submissions = new Submissions()
    const { ends, sent } = submissions.add([spec("a"), spec("b")])
    expect(sent.map(({ spec: { id } }) => id)).toEqual(["a", "b"])
    const full = new QueueFull({ bound: "tasks", queued: 1, asked: 1, limit: 1 })
    submissions.ended(sent[1]!.key, { ok: true, value: result("b") })
    submissions.ended(sent[0]!.key, { ok: false, error: toPlain(full)! })
    expect(await ends[1]).toEqual(result("b"))
    expect(await endOf(ends[0]!)).toEqual(full)
    await submissions.settled()
  })

  it("reject what did not come across, and leave the others", async () => {
    const submissions = new Submissions()
    const [lost, kept] = [submissions.add([spec("a"), spec("b")]), submissions.add([spec("c")])]
    submissions.refused(lost.sent, "not cloned")
    expect(await Promise.all(lost.ends.map(endOf))).toEqual(["not cloned", "not cloned"])
    submissions.ended(kept.sent[0]!.key, { ok: true, value: result("c") })
    expect(await kept.ends[0]).toEqual(result("c"))
  })

  it("reject all when the worker is lost, and what comes later at once", async () => {
    const submissions = new Submissions()
    const before = submissions.add([spec("a")])
    submissions.lost("worker gone")
    const after = submissions.add([spec("b")])
    expect(await Promise.all([...before.ends, ...after.ends].map(endOf))).toEqual([
      ...["worker gone", "worker gone"],
    ])
    await submissions.settled()
  })
})
