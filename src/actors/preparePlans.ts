// A task with all that its plans name made ready, and as a policy sees it.
import type { Effect } from "effect"
import type { InputError, PrepError } from "../model/errors.ts"
import type { FirstAtHand } from "../model/FirstAtHand.ts"
import type { Graph } from "../model/Graph.ts"
import { footprintBytes, noDemand } from "../model/Plan.ts"
import type { PlanOption, WaitingTask } from "../model/Snapshot.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"
import { mapAtHand } from "./atHand.ts"
import type { LiveTask } from "./LiveTask.ts"
import type { ScopedPlans } from "./neighbourhoodPlan.ts"
import {
  mergesWithNobody,
  type PreparedPlan,
  type PreparedTask,
  preparedPlans,
  rolesOf,
} from "./PreparedTask.ts"
import type { TimeKeeper } from "./TimeKeeper.ts"

export interface PrepareOptions {
  readonly prep: PrepPoolService
  readonly times: TimeKeeper
}

/** Has everything made ready that the plans name. */
export const preparePlans = (
  { prep, times }: PrepareOptions,
  task: LiveTask,
  { graph, plans, targets }: ScopedPlans,
): Effect.Effect<PreparedTask, InputError | PrepError> => {
  const { model, spec } = task
  const request = { taskId: spec.id, graph, model, roles: rolesOf(plans.first), targets }
  return mapAtHand(prep.prepare(request), (objects) => {
    const prepared = preparedPlans(plans, objects)
    const options = prepared.map((one) => optionOf(times, task, one, graph))
    const waiting = waitingTask(task, options)
    const scope = { graph, targets }
    const { host, plan, residents } = prepared.first
    return { plan, residents, host, plans: prepared, scope, merge: mergesWithNobody, waiting }
  })
}

const knownNeeds = new WeakMap<PreparedPlan["residents"], WaitingTask["residents"]>()

/** How a policy sees them; one list for all tasks that share the prepared one. */
const needsOf = (residents: PreparedPlan["residents"]): WaitingTask["residents"] => {
  const known = knownNeeds.get(residents)
  if (known !== undefined) return known
  const needs = residents.map(({ key, bytes }) => ({ key, bytes }))
  knownNeeds.set(residents, needs)
  return needs
}

const waitingTask = (task: LiveTask, options: FirstAtHand<PlanOption>): WaitingTask => {
  const { deadlineMs, id, priority, tenant } = task.spec
  const { first } = options
  const waiting: WaitingTask = {
    id,
    tenant,
    seq: task.seq,
    submittedAtMs: task.submittedAtMs,
    qosTargetMs: deadlineMs,
    priority,
    arenaBytes: first.arenaBytes,
    residents: first.residents,
    footprintBytes: first.footprintBytes,
    predictedMs: first.predictedMs,
    predictedP95Ms: first.predictedP95Ms,
    demand: first.demand,
  }
  const turnAtMs = task.admitted?.promise?.turnAtMs
  const promised = turnAtMs === undefined ? waiting : { ...waiting, turnAtMs }
  return options.mayHaveOthers ? { ...promised, options } : promised
}

const optionOf = (
  times: TimeKeeper,
  task: LiveTask,
  { plan, residents }: PreparedPlan,
  graph: Graph,
): PlanOption => {
  const { p50Ms, p95Ms } = times.predict(task, plan, graph)
  return {
    arenaBytes: plan.arenaBytes,
    residents: needsOf(residents),
    footprintBytes: footprintBytes(plan),
    predictedMs: p50Ms,
    predictedP95Ms: p95Ms,
    demand: plan.demand ?? noDemand,
  }
}
