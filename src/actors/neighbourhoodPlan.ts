// Where a task's targets depend on a small part of its graph, the plan that runs on that part alone: its
// answer has the bits of the whole, since every row that counts sums the same terms in the same order.
import { Effect } from "effect"
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import { planTask } from "../cost/planTask.ts"
import type { InputError, PrepError } from "../model/errors.ts"
import { FirstAtHand } from "../model/FirstAtHand.ts"
import type { Architecture, GnnConfig } from "../model/GnnModel.ts"
import type { GraphShape } from "../model/Graph.ts"
import { ginEps } from "../model/ginEps.ts"
import { footprintBytes, type Plan } from "../model/Plan.ts"
import type { DeviceInfo } from "../model/RunReport.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import type { LiveTask } from "./LiveTask.ts"
import type { Scope } from "./PreparedTask.ts"

/** Plans and what they run on; all read the same objects. */
export interface ScopedPlans extends Scope {
  readonly plans: FirstAtHand<Plan>
}

export interface NeighbourhoodOptions {
  readonly prep: PrepPoolService
  readonly device: Pick<DeviceInfo, "alignBytes" | "budgetBytes">
  readonly profile: DeviceProfile
}

/** A part is looked up only as far as it stays below this part of the graph … */
const partOfGraph = 1 / 4
/** … and only for this part of the time that the whole is predicted to take … */
const partOfTime = 0.25
/** … at so many nodes and edges a millisecond (amazon0601 on one busy core, features copied too). */
const visitedPerMs = 2000
/** The part is run where that, with its data to load first, takes at most this much of the whole. */
const worthwhile = 0.5

const oneEach = ({ layers }: GnnConfig) => layers.length

const hops: Readonly<Record<Architecture, (config: GnnConfig) => number>> = {
  GCN: oneEach,
  GraphSAGE: oneEach,
  GIN: oneEach,
  GAT: oneEach,
  GATv2: oneEach,
  SGC: ({ layers, propagations }) => layers.length * propagations,
  APPNP: ({ propagations }) => propagations,
}

/** How far a row depends on others. */
export const hopsOf = (config: GnnConfig): number => hops[config.architecture](config)

const visitedAtMost = ({ numEdges, numNodes }: GraphShape, { predictedMs }: Plan): number =>
  Math.floor(Math.min(partOfGraph * (numNodes + numEdges), partOfTime * predictedMs * visitedPerMs))

const loadMs = ({ residentBytes }: Plan, { hostBytesPerSecond }: DeviceProfile): number =>
  hostBytesPerSecond === undefined ? 0 : (1000 * residentBytes) / hostBytesPerSecond

/** The plan of the task on this part of its graph. */
export const planOnPart = (
  { device, profile }: NeighbourhoodOptions,
  { model }: LiveTask,
  { graph, targets }: Scope,
  variants: Plan["variants"],
) =>
  planTask({
    config: model.config,
    shape: graph.shape,
    targets: targets?.length ?? null,
    alignBytes: device.alignBytes,
    profile,
    ginEps: ginEps(model),
    ...(variants === undefined ? {} : { variants }),
  })

/** null where the whole graph is as good. */
export const neighbourhoodPlan = (
  options: NeighbourhoodOptions,
  task: LiveTask,
  whole: Plan,
): Effect.Effect<ScopedPlans | null, InputError | PrepError> =>
  Effect.gen(function* () {
    const { graph, model, spec } = task
    const maxVisited = visitedAtMost(graph.shape, whole)
    if (spec.nodes === null || spec.nodes.length > maxVisited) return null
    const found = yield* options.prep.neighbourhood({
      taskId: spec.id,
      graph,
      targets: spec.nodes,
      hops: hopsOf(model.config),
      maxVisited,
    })
    if (found === null) return null
    const scope = { graph: found.graph, targets: found.rows }
    const plan = yield* Effect.fromResult(planOnPart(options, task, scope, whole.variants))
    const tooLarge = footprintBytes(whole) > options.device.budgetBytes
    const partMs = plan.predictedMs + loadMs(plan, options.profile)
    return tooLarge || partMs <= worthwhile * whole.predictedMs
      ? { ...scope, plans: new FirstAtHand(plan) }
      : null
  })
