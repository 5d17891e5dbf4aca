// Why a task waited and with whom it ran, read out of the decisions and the stays on lanes of a report.
// Between two decisions nothing changes for a task that waits, except that lanes fill.
import * as Result from "effect/Result"
import type {
  ExplainableDecision,
  ExplainableRun,
  ExplainableTask,
  Explanation,
  RunStep,
  Step,
  WaitReason,
  WaitStep,
} from "./Explanation.ts"
import { TaskNotFound } from "./errors.ts"
import { LaneUse } from "./LaneUse.ts"
import { nearestFew } from "./nearest.ts"
import { isIdle } from "./RunReport.ts"
import type { TaskRun } from "./Task.ts"

type Cause = Pick<WaitStep, "reason" | "behind" | "behindReason" | "preempting">

const because = (reason: WaitReason, more: Partial<Cause> = {}): Cause => ({
  reason,
  behind: null,
  behindReason: null,
  preempting: [],
  ...more,
})

/** A stretch in which the task was on no lane, and the run before it. */
interface Gap {
  readonly fromMs: number
  readonly toMs: number
  readonly after: TaskRun | null
}

/** The last moment that the report speaks of: how far a task that has not ended is told. */
const lastMoment = ({ decisions, tasks }: ExplainableRun): number => {
  let lastMs = decisions.at(-1)?.atMs ?? 0
  for (const { finishedAtMs, runs, submittedAtMs } of tasks) {
    const run = runs.at(-1)
    const endMs = finishedAtMs ?? run?.endedAtMs ?? run?.startedAtMs ?? submittedAtMs
    lastMs = Math.max(lastMs, endMs)
  }
  return lastMs
}

class Told {
  readonly #run: ExplainableRun
  readonly #task: ExplainableTask
  readonly #lanes: LaneUse
  readonly #tenantOf: (id: string) => string | undefined
  readonly #endMs: number

  constructor(run: ExplainableRun, task: ExplainableTask) {
    this.#run = run
    this.#task = task
    this.#endMs = task.finishedAtMs ?? Math.max(task.submittedAtMs, lastMoment(run))
    const window = { fromMs: task.submittedAtMs, toMs: this.#endMs }
    this.#lanes = new LaneUse(run.tasks, task.id, window)
    const tenants = new Map(run.tasks.map(({ id, tenant }) => [id, tenant]))
    this.#tenantOf = (id) => tenants.get(id)
  }

  steps(): ReadonlyArray<Step> {
    const steps: Array<Step> = []
    let fromMs = this.#task.submittedAtMs
    let after: TaskRun | null = null
    for (const run of this.#task.runs) {
      steps.push(...this.#waits({ fromMs, toMs: run.startedAtMs, after }))
      const step = this.#ran(run)
      steps.push(step)
      fromMs = step.toMs
      after = run
    }
    steps.push(...this.#waits({ fromMs, toMs: this.#endMs, after }))
    return steps
  }

  /** The run with which the task ended lasts until the task has ended: its memory is given back. */
  #ran(run: TaskRun): RunStep {
    const { end, group, lane, loadedAtMs, preemptedBy, startedAtMs } = run
    const isLast = run === this.#task.runs.at(-1) && end === this.#task.status
    const toMs = isLast ? this.#endMs : (run.endedAtMs ?? this.#endMs)
    const loadMs = (loadedAtMs ?? toMs) - startedAtMs
    const beside = this.#lanes.during(startedAtMs, toMs)
    const ran = { lane, group, loadMs, end, preemptedBy, beside }
    return { kind: "run", fromMs: startedAtMs, toMs, ...ran }
  }

  #waits(gap: Gap): ReadonlyArray<WaitStep> {
    const { fromMs, toMs } = gap
    if (toMs <= fromMs) return []
    const inside = (atMs: number | null): atMs is number =>
      atMs !== null && atMs > fromMs && atMs < toMs
    const moments = [
      fromMs,
      ...[
        this.#task.readyAtMs,
        ...this.#run.decisions.map(({ atMs }) => atMs),
        ...this.#lanes.changes,
      ].filter(inside),
    ]
    const cuts = [...new Set(moments)].sort((a, b) => a - b)
    const stretches: Array<{ fromMs: number; toMs: number; cause: Cause }> = []
    let decided = -1
    cuts.forEach((cut, i) => {
      while (this.#run.decisions[decided + 1] && this.#run.decisions[decided + 1]!.atMs <= cut) {
        decided++
      }
      const cause = this.#causeAt(cut, gap, this.#run.decisions[decided] ?? null)
      const last = stretches.at(-1)
      const end = cuts[i + 1] ?? toMs
      if (last !== undefined && isSame(last.cause, cause)) last.toMs = end
      else stretches.push({ fromMs: cut, toMs: end, cause })
    })
    return stretches.map(({ cause, ...times }) => ({
      kind: "wait",
      ...times,
      ...cause,
      beside: this.#lanes.during(times.fromMs, times.toMs),
    }))
  }

  /** `decision`: the last one that the log has, at `atMs` or before. */
  #causeAt(atMs: number, gap: Gap, decision: ExplainableDecision | null): Cause {
    const { readyAtMs } = this.#task
    if (readyAtMs === null || atMs < readyAtMs) return because("preparing")
    const gaveWayTo = gap.after?.preemptedBy ?? null
    if (gaveWayTo !== null) {
      const endMs = this.#lanes.endOf(gaveWayTo, gap.fromMs)
      if (endMs !== null && atMs < endMs) return because("preempted", { behind: gaveWayTo })
    }
    if (decision === null) return this.#unseen(atMs)
    // One that changed nothing stands for the like of it that came later.
    const sinceMs = Math.max(readyAtMs, gap.fromMs)
    const knewOfIt = decision.atMs >= sinceMs || isIdle(decision)
    return knewOfIt ? this.#seen(atMs, decision) : this.#unseen(atMs)
  }

  #seen(atMs: number, { blocked, preempt = [], start }: ExplainableDecision): Cause {
    const { id, tenant } = this.#task
    if (start.includes(id)) return because("deciding")
    if (blocked === null) return because(this.#lanesAreFull(atMs) ? "lane" : "order")
    if (blocked.id === id) return because(blocked.reason, { preempting: preempt })
    const behind = { behind: blocked.id, behindReason: blocked.reason, preempting: preempt }
    const isFair = this.#run.policy === "fair"
    if (isFair && this.#tenantOf(blocked.id) !== tenant) return because("fairness", behind)
    // A lane is the same for all; whether the memory would do for this one, nobody asked.
    return because(blocked.reason === "lane" ? "lane" : "order", behind)
  }

  /** Ready since the last decision, which did not know of it. */
  #unseen(atMs: number): Cause {
    const [first] = this.#run.decisions
    const isForgotten = first !== undefined && first.number > 1 && atMs < first.atMs
    if (isForgotten) return because("unlogged")
    if (this.#run.mode === "groups") {
      return because(this.#lanes.busyAt(atMs) > 0 ? "order" : "settling")
    }
    return because(this.#lanesAreFull(atMs) ? "lane" : "deciding")
  }

  #lanesAreFull(atMs: number): boolean {
    return this.#lanes.busyAt(atMs) >= this.#run.device.lanes
  }
}

const isSame = (a: Cause, b: Cause): boolean =>
  a.reason === b.reason &&
  a.behind === b.behind &&
  a.behindReason === b.behindReason &&
  a.preempting.join("\n") === b.preempting.join("\n")

/** The steps within the window; the last is drawn out to its end. */
const clipped = (
  steps: ReadonlyArray<Step>,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): ReadonlyArray<Step> => {
  const inside = steps.filter((step) => step.toMs > fromMs && step.fromMs < toMs)
  return inside.map((step, i) => ({
    ...step,
    fromMs: i === 0 ? fromMs : step.fromMs,
    toMs: i === inside.length - 1 ? toMs : step.toMs,
  }))
}

/** One whose answer is another's: it waits and runs with that one from when it was ready. */
const sharedSteps = (
  run: ExplainableRun,
  task: ExplainableTask,
  own: ReadonlyArray<Step>,
): ReadonlyArray<Step> => {
  const other = run.tasks.find(({ id }) => id === task.sharedWith)
  const fromMs = task.readyAtMs
  const toMs = own.at(-1)?.toMs
  if (other === undefined || fromMs === null || toMs === undefined) return own
  const theirs = clipped(new Told(run, other).steps(), { fromMs, toMs })
  if (theirs.length === 0) return own
  return [...own.filter((step) => step.kind === "wait" && step.reason === "preparing"), ...theirs]
}

const waitsOf = (steps: ReadonlyArray<Step>): Explanation["waitedMs"] => {
  const sums = new Map<WaitReason, number>()
  for (const step of steps) {
    if (step.kind === "run") continue
    sums.set(step.reason, (sums.get(step.reason) ?? 0) + step.toMs - step.fromMs)
  }
  return Object.fromEntries([...sums].sort((a, b) => b[1] - a[1]))
}

export const explainTask = (
  run: ExplainableRun,
  id: string,
): Result.Result<Explanation, TaskNotFound> => {
  const task = run.tasks.find((one) => one.id === id)
  if (task === undefined) {
    const ids = run.tasks.map((one) => one.id)
    return Result.fail(new TaskNotFound({ id, tasks: ids.length, nearest: nearestFew(id, ids) }))
  }
  const own = new Told(run, task).steps()
  const steps = task.sharedWith === null ? own : sharedSteps(run, task, own)
  const runs = steps.filter((step) => step.kind === "run")
  return Result.succeed({
    id,
    steps,
    waitedMs: waitsOf(steps),
    ranMs: runs.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0),
    sharedWith: task.sharedWith,
  })
}
