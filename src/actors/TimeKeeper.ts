// Predicted times in the running system: the planner's, corrected by what runs have taken. Executors
// say when a plan enters and leaves a lane; uploads lie before that.
import { CoRuns } from "../cost/CoRuns.ts"
import { type DeviceProfile, defaultP95Factor } from "../cost/DeviceProfile.ts"
import { TimeCorrection } from "../cost/TimeCorrection.ts"
import type { Graph } from "../model/Graph.ts"
import { shares } from "../model/Interference.ts"
import { noDemand, type Plan } from "../model/Plan.ts"
import type { LiveTask } from "./LiveTask.ts"
import type { Stopwatch } from "./Stopwatch.ts"

export interface PredictedTime {
  readonly p50Ms: number
  readonly p95Ms: number
}

export class TimeKeeper {
  readonly #correction = new TimeCorrection()
  readonly #coRuns: CoRuns
  readonly #p95Factor: number
  readonly #stopwatch: Stopwatch

  constructor(profile: DeviceProfile, stopwatch: Stopwatch) {
    this.#coRuns = new CoRuns(profile.interference ?? shares)
    this.#p95Factor = profile.p95Factor ?? defaultP95Factor
    this.#stopwatch = stopwatch
  }

  /** Alone on one lane, as of now; `graph` is what the plan runs on. */
  predict(task: LiveTask, plan: Plan, graph = task.graph): PredictedTime {
    const p50Ms = plan.predictedMs * this.#correction.factor(planKey(task, graph), kindOf(task))
    return { p50Ms, p95Ms: p50Ms * this.#p95Factor }
  }

  started(task: LiveTask): void {
    const { plan } = task.prepared!
    this.#coRuns.start(task.spec.id, plan.demand ?? noDemand, this.#stopwatch.nowMs())
  }

  /** `runMs` by the device's own clock; null for a run that was stopped or failed. */
  ended(task: LiveTask, runMs: number | null): void {
    const slowdown = this.#coRuns.end(task.spec.id, this.#stopwatch.nowMs())
    if (runMs === null) return
    const { plan, scope } = task.prepared!
    const key = planKey(task, scope.graph)
    this.#correction.observe(key, kindOf(task), runMs / slowdown, plan.predictedMs)
  }
}

/**
 * Tasks of one key have one plan, but for the number of targets, which is the smaller part; plans on a
 * graph that was made for one run are of one kind for each network.
 */
const planKey = ({ graph, model, spec }: LiveTask, ranOn: Graph): string =>
  ranOn === graph
    ? `${model.contentId}|${graph.contentId}|${spec.nodes?.length ?? "all"}`
    : `${model.contentId}|made`

const kindOf = ({ model }: LiveTask): string => model.config.architecture
