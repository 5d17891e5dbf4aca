// Predicted times in the running system: the planner's, corrected by what runs have taken. Executors
// say when a plan enters and leaves a lane; uploads lie before that.
import { CoRuns } from "../cost/CoRuns.ts"
import { type DeviceProfile, defaultP95Factor } from "../cost/DeviceProfile.ts"
import { Foresight } from "../cost/Foresight.ts"
import { Spread } from "../cost/Spread.ts"
import { TimeCorrection } from "../cost/TimeCorrection.ts"
import type { GnnModel } from "../model/GnnModel.ts"
import type { Graph } from "../model/Graph.ts"
import { shares } from "../model/Interference.ts"
import { noDemand, type Plan } from "../model/Plan.ts"
import { partFrom } from "../model/planWork.ts"
import type { RunningTask } from "../model/Snapshot.ts"
import { plannedMs } from "../policy/runProgress.ts"
import type { LiveTask } from "./LiveTask.ts"
import type { Stopwatch } from "./Stopwatch.ts"

export interface PredictedTime {
  readonly p50Ms: number
  readonly p95Ms: number
}

/** An operator boundary of a run, in milliseconds alone from its beginning. */
interface Seen {
  /** Of this run, those that had ended. */
  readonly ops: number
  readonly doneMs: number
  readonly plannedMs: number
  /** As planned. */
  readonly leftMs: number
}

/** Weight of a new observation of what a run costs beside its operators. */
const overheadSmoothing = 0.1

export class TimeKeeper {
  readonly #correction = new TimeCorrection()
  readonly #coRuns: CoRuns
  readonly #spread: Spread
  readonly #dispatchMs: number
  readonly #stopwatch: Stopwatch
  readonly #laneProgress: ((lane: number) => RunningTask["progress"] | null) | undefined
  readonly #foresight: Foresight
  /** Of each run, the last boundary that was seen. */
  readonly #seen = new Map<string, Seen>()
  #overheadMs = 0

  /** `laneProgress`: what the device tells of the plan on a lane, where it does. */
  constructor(
    profile: DeviceProfile,
    stopwatch: Stopwatch,
    laneProgress?: (lane: number) => RunningTask["progress"] | null,
  ) {
    this.#laneProgress = laneProgress
    this.#coRuns = new CoRuns(profile.interference ?? shares)
    this.#spread = new Spread(profile.p95Factor ?? defaultP95Factor)
    this.#foresight = new Foresight(profile.p95Factor ?? defaultP95Factor)
    this.#dispatchMs = profile.dispatchMs ?? 0
    this.#stopwatch = stopwatch
  }

  /** Of a lane that is alone, as of now; `graph` is what the plan runs on. */
  predict(task: LiveTask, plan: Plan, graph = task.graph): PredictedTime {
    const key = planKey(task, plan, graph)
    const runMs = plan.predictedMs * this.#correction.factor(key, kindOf(task))
    const p50Ms = this.#dispatchMs + runMs
    return { p50Ms, p95Ms: this.#dispatchMs + runMs * this.#spread.p95Factor }
  }

  /** What a plan's stay on a lane costs beside its run and what is predicted, by what it has cost. */
  get overheadMs(): number {
    return Math.max(0, this.#overheadMs - this.#dispatchMs)
  }

  /** How far a run has come; nothing before its plan is on a lane. Looking teaches nothing. */
  progressOf(run: RunningTask): Pick<RunningTask, "doneMs" | "progress" | "left"> {
    const doneMs = this.#doneMs(run.id, this.#stopwatch.nowMs())
    if (doneMs === null) return {}
    const progress = this.#laneProgress?.(run.lane)
    if (progress === null || progress === undefined) return { doneMs }
    const seen = this.#seenAt(run, progress)
    if (seen === null) return { doneMs, progress }
    return { doneMs, progress, left: this.#foresight.of(seen.doneMs / seen.plannedMs) }
  }

  /** Learns of what follows an operator boundary from what came before it. */
  watch(run: RunningTask): void {
    const progress = this.#laneProgress?.(run.lane)
    if (progress === null || progress === undefined) return
    const seen = this.#seenAt(run, progress)
    const before = this.#seen.get(run.id)
    if (seen === null || seen === before) return
    if (before !== undefined) this.#learn(before, seen)
    this.#seen.set(run.id, seen)
  }

  #doneMs(id: string, atMs: number): number | null {
    const time = this.#coRuns.timeOf(id, atMs)
    return time === null ? null : Math.max(0, time.aloneMs - this.#overheadMs)
  }

  /** The last operator boundary of the run, or null. */
  #seenAt(run: RunningTask, progress: NonNullable<RunningTask["progress"]>): Seen | null {
    const { id, predictedMs, stop } = run
    const ops = stop === undefined ? 0 : progress.opsDone - stop.firstOp
    const before = this.#seen.get(id)
    if (ops === 0) return null
    if (before?.ops === ops) return before
    const doneMs = this.#doneMs(id, this.#stopwatch.nowMs() - progress.sinceMs)
    const atMs = plannedMs(run)[ops - 1]!
    return doneMs === null ? null : { ops, doneMs, plannedMs: atMs, leftMs: predictedMs - atMs }
  }

  #learn(before: Seen, now: Pick<Seen, "doneMs" | "plannedMs">): void {
    const nextFactor = (now.doneMs - before.doneMs) / (now.plannedMs - before.plannedMs)
    this.#foresight.observe(before.doneMs / before.plannedMs, nextFactor)
  }

  started(task: LiveTask): void {
    const { plan } = task.prepared!
    this.#coRuns.start(task.spec.id, plan.demand ?? noDemand, this.#stopwatch.nowMs())
  }

  /**
   * `runMs` by the device's own clock; null for a run that was stopped or failed. `firstOp`: the operator
   * with which it began.
   */
  ended(task: LiveTask, runMs: number | null, firstOp: number): void {
    const nowMs = this.#stopwatch.nowMs()
    const seen = this.#seen.get(task.spec.id)
    this.#seen.delete(task.spec.id)
    const doneMs = this.#doneMs(task.spec.id, nowMs)
    const { onLaneMs = 0 } = this.#coRuns.timeOf(task.spec.id, nowMs) ?? {}
    const slowdown = this.#coRuns.end(task.spec.id, nowMs)
    if (runMs === null) return
    if (seen !== undefined && doneMs !== null) {
      this.#learn(seen, { doneMs, plannedMs: seen.plannedMs + seen.leftMs })
    }
    this.#overheadMs += overheadSmoothing * (Math.max(0, onLaneMs - runMs) - this.#overheadMs)
    const { plan, scope } = task.prepared!
    const predictedMs = plan.predictedMs * partFrom(plan, firstOp)
    const key = planKey(task, plan, scope.graph)
    const aloneMs = runMs / slowdown
    this.#spread.observe(aloneMs, predictedMs * this.#correction.factor(key, kindOf(task)))
    this.#correction.observe(key, kindOf(task), aloneMs, predictedMs)
  }
}

/**
 * Tasks of one key have one plan of a name, but for the number of targets, which is the smaller part;
 * plans on a graph that was made for one run are of one kind for each network.
 */
const planKey = ({ graph, model, spec }: LiveTask, { name }: Plan, ranOn: Graph): string => {
  if (ranOn !== graph) return `${model.contentId}|made`
  const whole = pairKey(model, graph)
  if (spec.nodes === null && name === "whole") return whole
  return `${whole}|${spec.nodes?.length ?? "all"}|${name}`
}

const pairKeys = new WeakMap<GnnModel, WeakMap<Graph, string>>()

/** Made once for each pair: two content ids are long, and every task asks several times. */
const pairKey = (model: GnnModel, graph: Graph): string => {
  const graphs = pairKeys.get(model) ?? new WeakMap<Graph, string>()
  const key = graphs.get(graph) ?? `${model.contentId}|${graph.contentId}`
  if (!graphs.has(graph)) pairKeys.set(model, graphs.set(graph, key))
  return key
}

const kindOf = ({ model }: LiveTask): string => model.config.architecture
