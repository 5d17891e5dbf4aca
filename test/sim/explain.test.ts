// Why tasks waited, checked over whole simulated runs: every moment of every task has one reason, the
// reasons are those of the decision log, and the company is who was on a lane.
import { Effect, Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { machines } from "../../src/cost/MachineProfile.ts"
import type { Explanation, Step } from "../../src/model/Explanation.ts"
import { explainTask } from "../../src/model/explainTask.ts"
import type { RunReport } from "../../src/model/RunReport.ts"
import { policyNames, type SchedulingMode } from "../../src/model/Snapshot.ts"
import type { TaskRecord } from "../../src/model/Task.ts"
import { inVirtualTime } from "../../src/runtime/inVirtualTime.ts"
import { openSimulation } from "../../src/runtime/simulation.ts"
import { randomModel } from "../support/sources.ts"

interface Submission {
  readonly afterMs: number
  readonly tenant: "a" | "b"
  readonly kind: 0 | 1
  readonly deadlineMs: number | null
}

interface Scenario {
  readonly policy: (typeof policyNames)[number]
  readonly mode: SchedulingMode
  readonly lanes: number
  readonly memoryBytes: number
  readonly submissions: ReadonlyArray<Submission>
}

const simulate = ({ submissions, ...options }: Scenario): Promise<RunReport> =>
  Effect.gen(function* () {
    const service = yield* openSimulation({
      machine: machines["cpu-2"],
      allowUnsafe: true,
      lateTasks: "expire",
      ...options,
    })
    const pairs = yield* Effect.forEach(["cora", "pubmed"] as const, (preset, seed) =>
      Effect.all([
        service.loadGraph({ kind: "preset", preset, seed, scale: 1 }),
        service.loadModel(
          randomModel({ architecture: "GCN", width: preset === "cora" ? 1433 : 500, seed }),
        ),
      ]),
    )
    for (const [i, { afterMs, deadlineMs, kind, tenant }] of submissions.entries()) {
      if (afterMs > 0) yield* Effect.sleep(afterMs)
      const [graph, model] = pairs[kind]!
      const spec = { tenant, deadlineMs, nodes: null, priority: 0 }
      yield* service.submit({ id: `t${i}`, graph: graph.id, model: model.id, ...spec })
    }
    yield* service.drain
    return yield* service.report
  }).pipe(Effect.orDie, Effect.scoped, inVirtualTime, Effect.runPromise)

const explained = (report: RunReport, id: string): Explanation => {
  const result = explainTask(report, id)
  if (Result.isFailure(result)) throw new Error(`${id} is not there`)
  return result.success
}

/** Who else was on a lane at a moment. */
const others = (report: RunReport, id: string, atMs: number): ReadonlyArray<string> =>
  report.tasks
    .filter((task) => task.id !== id)
    .filter(({ runs }) => runs.some((run) => run.startedAtMs <= atMs && atMs < run.endedAtMs!))
    .map((task) => task.id)
    .sort()

const checkCover = (task: TaskRecord, steps: ReadonlyArray<Step>): void => {
  let atMs = task.submittedAtMs
  for (const step of steps) {
    expect(step.fromMs).toBe(atMs)
    expect(step.toMs).toBeGreaterThan(step.fromMs)
    atMs = step.toMs
  }
  expect(atMs).toBe(task.finishedAtMs)
  const first = steps.find(({ kind }) => kind === "run")
  expect(first?.fromMs).toBe(task.runs[0]?.startedAtMs)
  const ran = steps.flatMap((step) => (step.kind === "run" ? [step.lane] : []))
  expect(ran).toEqual(task.runs.map(({ lane }) => lane))
}

const checkCompany = (report: RunReport, id: string, step: Step): void => {
  const middleMs = (step.fromMs + step.toMs) / 2
  const beside = step.beside.map((one) => one.id)
  if (report.mode === "continuous" && step.kind === "wait" && step.reason === "lane") {
    expect(others(report, id, middleMs)).toHaveLength(report.device.lanes)
  }
  expect(beside).toEqual(expect.arrayContaining([...others(report, id, middleMs)]))
  for (const { id: other, overlapMs } of step.beside) {
    const { runs } = report.tasks.find((task) => task.id === other)!
    const shared = runs.map(({ endedAtMs, startedAtMs }) =>
      Math.max(0, Math.min(endedAtMs!, step.toMs) - Math.max(startedAtMs, step.fromMs)),
    )
    expect(overlapMs).toBeCloseTo(
      shared.reduce((sum, ms) => sum + ms, 0),
      9,
    )
  }
}

/** What the log says at a moment it speaks of the task is what the explanation says. */
const checkDecisions = (report: RunReport): void => {
  for (const { atMs, blocked } of report.decisions) {
    if (blocked === null) continue
    const step = explained(report, blocked.id).steps.find(
      ({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs,
    )
    // A task that ended, or started by a later decision of the same moment, has no step there.
    if (step?.kind !== "wait" || step.reason === "deciding") continue
    const later = report.decisions.filter((one) => one.atMs === atMs).at(-1)!
    if (later.blocked?.id === blocked.id) expect(step.reason).toBe(later.blocked.reason)
  }
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  policy: fc.constantFrom(...policyNames),
  mode: fc.constantFrom("groups" as const, "continuous" as const),
  lanes: fc.integer({ min: 1, max: 3 }),
  // A task on pubmed needs 11,051,968 bytes, one on cora 908,608.
  memoryBytes: fc.constantFrom(8e6, 11.2e6, 13e6, 64e6),
  submissions: fc.array(
    fc.record({
      afterMs: fc.constantFrom(0, 0, 1, 5),
      tenant: fc.constantFrom("a" as const, "b" as const),
      kind: fc.constantFrom(0 as const, 1 as const),
      deadlineMs: fc.constantFrom(null, null, 30, 1000),
    }),
    { minLength: 1, maxLength: 14 },
  ),
})

describe("an explanation", () => {
  it("covers every moment of every task, by the log and the lanes, under every policy", async () => {
    const reasons = new Set<string>()
    await fc.assert(
      fc.asyncProperty(scenario, async (one) => {
        const report = await simulate(one)
        for (const task of report.tasks) {
          const { steps, waitedMs } = explained(report, task.id)
          checkCover(task, steps)
          for (const step of steps) checkCompany(report, task.id, step)
          for (const reason of Object.keys(waitedMs)) reasons.add(reason)
          expect(waitedMs).not.toHaveProperty("unlogged")
        }
        checkDecisions(report)
      }),
      { numRuns: 120, seed: 12 },
    )
    // The scenarios reach what there is to explain.
    for (const reason of ["lane", "memory", "order", "fairness", "interference"])
      expect(reasons).toContain(reason)
  })
})
