// What an explanation says of a run that is written down here: giving way, sharing, waiting behind
// others, a log that no longer goes back, and an id that is not there.
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import type {
  ExplainableDecision,
  ExplainableRun,
  ExplainableTask,
  Explanation,
} from "../../src/model/Explanation.ts"
import { explainTask } from "../../src/model/explainTask.ts"
import type { TaskRun } from "../../src/model/Task.ts"

const ran = (fromMs: number, toMs: number, more: Partial<TaskRun> = {}): TaskRun => ({
  lane: 0,
  group: 1,
  startedAtMs: fromMs,
  loadedAtMs: fromMs,
  endedAtMs: toMs,
  end: "completed",
  preemptedBy: null,
  ...more,
})

const task = (
  id: string,
  runs: ReadonlyArray<TaskRun>,
  more: Partial<ExplainableTask> = {},
): ExplainableTask => ({
  id,
  tenant: "a",
  status: "completed",
  submittedAtMs: 0,
  readyAtMs: 0,
  finishedAtMs: runs.at(-1)?.endedAtMs ?? 0,
  sharedWith: null,
  runs,
  ...more,
})

let started = 0
const decided = (
  atMs: number,
  start: ReadonlyArray<string>,
  blocked: ExplainableDecision["blocked"] = null,
  more: Partial<ExplainableDecision> = {},
): ExplainableDecision => {
  if (start.length > 0) started++
  return { atMs, number: started, start, blocked, ...more }
}

const runOf = (
  tasks: ReadonlyArray<ExplainableTask>,
  decisions: ReadonlyArray<ExplainableDecision>,
  more: Partial<ExplainableRun> = {},
): ExplainableRun => {
  started = 0
  return { policy: "slo", mode: "continuous", device: { lanes: 1 }, tasks, decisions, ...more }
}

const explained = (run: ExplainableRun, id: string): Explanation => {
  const result = explainTask(run, id)
  if (Result.isFailure(result)) throw new Error(`${id} is not there`)
  return result.success
}

/** `from-to what`, a line per step. */
const lines = ({ steps }: Explanation): ReadonlyArray<string> =>
  steps.map((step) => {
    const what =
      step.kind === "run"
        ? `ran: ${step.end}`
        : [step.reason, step.behind ?? "-", step.behindReason ?? "-", ...step.preempting].join(" ")
    return `${step.fromMs}-${step.toMs} ${what}`
  })

describe("an explanation of one task", () => {
  it("tells its own preparation, what the policy said, and its run with its company", () => {
    const run = runOf(
      [
        task("long", [ran(0, 10)]),
        task("t", [ran(7, 9, { lane: 1, loadedAtMs: 8 })], { submittedAtMs: 2, readyAtMs: 4 }),
      ],
      [
        decided(0, ["long"]),
        decided(4, [], { id: "t", reason: "memory" }),
        decided(5, [], { id: "t", reason: "interference" }),
        decided(7, ["t"]),
      ],
      { device: { lanes: 2 } },
    )
    const explanation = explained(run, "t")
    expect(lines(explanation)).toEqual([
      "2-4 preparing - -",
      "4-5 memory - -",
      "5-7 interference - -",
      "7-9 ran: completed",
    ])
    expect(explanation.steps.at(-1)).toMatchObject({
      lane: 1,
      loadMs: 1,
      beside: [{ id: "long", tenant: "a", overlapMs: 2 }],
    })
    expect(explanation.waitedMs).toEqual({ interference: 2, preparing: 2, memory: 1 })
    expect(explanation.ranMs).toBe(2)
  })

  it("names who stood before it: order, or fairness where another tenant was due", () => {
    const tasks = [
      task("big", [ran(5, 6)], { tenant: "b" }),
      task("next", [ran(6, 7)], { tenant: "b" }),
      task("t", [ran(7, 8)]),
    ]
    const log = () => [
      decided(0, [], { id: "big", reason: "memory" }),
      decided(5, ["big"], { id: "next", reason: "lane" }),
      decided(6, ["next"], { id: "t", reason: "lane" }),
      decided(7, ["t"]),
    ]
    expect(lines(explained(runOf(tasks, log()), "t"))).toEqual([
      "0-5 order big memory",
      "5-6 lane next lane",
      "6-7 lane - -",
      "7-8 ran: completed",
    ])
    expect(lines(explained(runOf(tasks, log(), { policy: "fair" }), "t"))).toEqual([
      "0-5 fairness big memory",
      "5-6 fairness next lane",
      "6-7 lane - -",
      "7-8 ran: completed",
    ])
  })

  it("tells of a lane without a decision where all were busy since it came", () => {
    const run = runOf(
      [task("first", [ran(0, 5)]), task("t", [ran(5, 6)], { submittedAtMs: 1, readyAtMs: 1 })],
      [decided(0, ["first"]), decided(5, ["t"])],
    )
    expect(lines(explained(run, "t"))).toEqual(["1-5 lane - -", "5-6 ran: completed"])
  })

  it("tells whom it gave way to, for as long as that one ran, and who was asked to make room", () => {
    const run = runOf(
      [
        task("t", [ran(0, 3, { end: "preempted", preemptedBy: "urgent" }), ran(9, 12)]),
        task("urgent", [ran(3, 6)], { submittedAtMs: 2, readyAtMs: 2 }),
        task("after", [ran(6, 9)], { submittedAtMs: 4, readyAtMs: 4 }),
      ],
      [
        decided(0, ["t"]),
        decided(2, [], { id: "urgent", reason: "lane" }, { preempt: ["t"] }),
        decided(3, ["urgent"], { id: "t", reason: "lane" }),
        decided(6, ["after"], { id: "t", reason: "lane" }),
        decided(9, ["t"]),
      ],
    )
    expect(lines(explained(run, "t"))).toEqual([
      "0-3 ran: preempted",
      "3-6 preempted urgent -",
      "6-9 lane - -",
      "9-12 ran: completed",
    ])
    expect(lines(explained(run, "urgent"))).toEqual(["2-3 lane - - t", "3-6 ran: completed"])
  })

  it("tells the run that answered it where it did not run itself", () => {
    const run = runOf(
      [
        task("t", [], { sharedWith: "one", submittedAtMs: 1, readyAtMs: 2, finishedAtMs: 9 }),
        task("one", [ran(5, 8)]),
      ],
      [decided(0, [], { id: "one", reason: "memory" }), decided(5, ["one"])],
    )
    expect(lines(explained(run, "t"))).toEqual([
      "1-2 preparing - -",
      "2-5 memory - -",
      "5-9 ran: completed",
    ])
    expect(explained(run, "t").sharedWith).toBe("one")
  })

  it("waits in groups for the group that runs, and for those that are not ready", () => {
    const run = runOf(
      [
        task("first", [ran(0, 4)]),
        task("slow", [ran(6, 9)], { submittedAtMs: 1, readyAtMs: 6 }),
        task("t", [ran(6, 8, { lane: 1 })], { submittedAtMs: 1, readyAtMs: 1 }),
      ],
      [decided(0, ["first"]), decided(6, ["t", "slow"])],
      { mode: "groups", device: { lanes: 2 } },
    )
    expect(lines(explained(run, "t"))).toEqual([
      "1-4 order - -",
      "4-6 settling - -",
      "6-8 ran: completed",
    ])
  })

  it("of one that ended unstarted is all waiting; of one that still runs, up to now", () => {
    const expired = runOf(
      [
        task("long", [ran(0, 9)]),
        task("t", [], { status: "expired", finishedAtMs: 5 }),
        task("live", [{ ...ran(9, 0), endedAtMs: null, end: "running" }], {
          status: "running",
          finishedAtMs: null,
        }),
      ],
      [decided(0, ["long"], { id: "t", reason: "lane" }), decided(9, ["live"])],
    )
    expect(lines(explained(expired, "t"))).toEqual(["0-5 lane - -"])
    expect(lines(explained(expired, "live"))).toEqual(["0-9 lane t lane", "9-9 ran: running"])
  })

  it("says where the log no longer goes back so far", () => {
    const run = runOf(
      [task("long", [ran(0, 6)]), task("t", [ran(6, 7)])],
      [{ ...decided(4, [], { id: "t", reason: "lane" }), number: 900 }, decided(6, ["t"])],
    )
    expect(lines(explained(run, "t"))[0]).toBe("0-4 unlogged - -")
  })

  it("refuses an id that is not there and names those that may be meant", () => {
    const tasks = ["rank/0", "rank/1", "crawl"].map((id) => task(id, [ran(0, 1)]))
    const near = (id: string) => {
      const result = explainTask(runOf(tasks, []), id)
      return Result.isFailure(result) ? result.failure : null
    }
    expect(near("rank")).toMatchObject({ tasks: 3, nearest: ["rank/0", "rank/1"] })
    expect(near("crawls")).toMatchObject({ nearest: ["crawl"] })
    expect(near("zzzzzzzz")).toMatchObject({ nearest: [] })
  })
})
