// What the estimator found out of a task: its plans with what each needs on the device and beside it, and
// how a policy sees it. A task starts with one of its plans and keeps it until it has ended.
import type { Graph } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import { isWritten, type ResidentObject, type ResidentRole } from "../model/Resident.ts"
import type { WaitingTask } from "../model/Snapshot.ts"
import { withPlan } from "../model/WaitingTask.ts"

export interface PreparedPlan {
  readonly plan: Plan
  /** One per slot on the device, in order. */
  readonly residents: ReadonlyArray<ResidentObject>
  /** One per slot in host memory, in order; null where the plan itself writes to it. */
  readonly host: ReadonlyArray<ResidentObject | null>
}

/** What plans run on, and the rows of it that are the answer; null for all. */
export interface Scope {
  readonly graph: Graph
  readonly targets: ReadonlyArray<number> | Int32Array | null
}

/** With whom a task may run as one although they ask for different things; null for nobody. */
export interface MergeKeys {
  /** Runs that take this key answer it as well … */
  readonly joins: string | null
  /** … and its own run takes this one. */
  readonly takes: string | null
}

export const mergesWithNobody: MergeKeys = { joins: null, takes: null }

/** The plan it has been started with, the first one until then. */
export interface PreparedTask extends PreparedPlan {
  /** The first is the largest that the device can hold, the others need less and take longer. */
  readonly plans: ReadonlyArray<PreparedPlan>
  /** The task's own, or the part of its graph that its targets depend on. */
  readonly scope: Scope
  readonly merge: MergeKeys
  /** How a policy sees it, by the same plan. */
  readonly waiting: WaitingTask
}

export const byPlan = (task: PreparedTask, index: number): PreparedTask => ({
  ...task,
  ...task.plans[index]!,
  waiting: withPlan(task.waiting, index),
})

/** What was prepared for each role, in the order in which a plan names them. */
export const preparedPlan = (
  plan: Plan,
  byRole: ReadonlyMap<ResidentRole, ResidentObject>,
): PreparedPlan => {
  const residents: Array<ResidentObject> = []
  const host: Array<ResidentObject | null> = []
  for (const slot of plan.residents) {
    const object = byRole.get(slot.role)
    if (slot.host === true) host.push(isWritten(slot) ? null : object!)
    else residents.push(object!)
    // The planner predicted each object's bytes from shapes; here are the real ones.
    if (!isWritten(slot) && object!.bytes !== slot.bytes) {
      throw new Error(`${slot.role}: planned ${slot.bytes} bytes, got ${object!.bytes}`)
    }
  }
  return { plan, residents, host }
}

/** What the plans read, each once. */
export const rolesOf = (plans: ReadonlyArray<Plan>): ReadonlyArray<ResidentRole> => [
  ...new Set(
    plans.flatMap(({ residents }) =>
      residents.filter((slot) => !isWritten(slot)).map(({ role }) => role),
    ),
  ),
]
