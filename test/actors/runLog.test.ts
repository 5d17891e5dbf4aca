// The log of decisions: every one that changed something, and of those that did not, one for each task
// held back and each reason; bounded.
import { describe, expect, it } from "vitest"
import { RunLog } from "../../src/actors/RunLog.ts"
import { limits } from "../../src/model/limits.ts"
import type { DecisionRecord } from "../../src/model/RunReport.ts"

const record = (atMs: number, decision: Partial<DecisionRecord>): DecisionRecord => ({
  start: [],
  blocked: null,
  thresholdBytes: null,
  atMs,
  number: 0,
  waiting: 1,
  running: 1,
  freeBytes: 0,
  decideMs: 0,
  ...decision,
})

const kept = (...decisions: ReadonlyArray<Partial<DecisionRecord>>): ReadonlyArray<number> => {
  const log = new RunLog(100)
  for (const [atMs, decision] of decisions.entries()) log.decide(record(atMs, decision))
  return log.decisions.all().map(({ atMs }) => atMs)
}

const heldBack = (id: string, reason: "memory" | "lane") => ({ blocked: { id, reason } })

describe("the log of decisions", () => {
  it("keeps one idle decision for each task held back and each reason", () => {
    expect(
      kept(
        heldBack("a", "memory"),
        heldBack("a", "memory"),
        heldBack("a", "lane"),
        heldBack("a", "lane"),
        heldBack("b", "lane"),
        heldBack("a", "lane"),
      ),
    ).toEqual([0, 2, 4, 5])
  })

  it("keeps every decision that starts or stops a task, and the first idle one after it", () => {
    const { blocked } = heldBack("a", "memory")
    expect(
      kept(
        { start: ["b"], blocked },
        { blocked },
        { blocked },
        { preempt: ["b"], blocked },
        { preempt: ["b"], blocked },
        { preempt: [], blocked },
        { blocked },
      ),
    ).toEqual([0, 1, 3, 4, 5])
  })

  it("forgets the oldest beyond so many a task", () => {
    const log = new RunLog(5)
    for (let i = 0; i < 1000; i++) log.decide(record(i, { start: [`t${i}`] }))
    expect(log.decisions.all().length).toBeLessThanOrEqual(5 * limits.decisionsPerTask)
    expect(log.decisions.last!.atMs).toBe(999)
    expect(log.decisions.dropped + log.decisions.all().length).toBe(1000)
  })
})
