// What the estimator found out of a task: its plans with what each needs on the device and beside it, and
// how a policy sees it. A task starts with one of its plans and keeps it until it has ended.
import type { FirstAtHand } from "../model/FirstAtHand.ts"
import type { Graph } from "../model/Graph.ts"
import type { Plan } from "../model/Plan.ts"
import {
  isWritten,
  type ResidentObject,
  type ResidentRole,
  type ResidentSlot,
} from "../model/Resident.ts"
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
  readonly plans: FirstAtHand<PreparedPlan>
  /** The task's own, or the part of its graph that its targets depend on. */
  readonly scope: Scope
  readonly merge: MergeKeys
  /** How a policy sees it, by the same plan. */
  readonly waiting: WaitingTask
}

export const byPlan = (task: PreparedTask, index: number): PreparedTask => ({
  ...task,
  ...task.plans.at(index)!,
  waiting: withPlan(task.waiting, index),
})

const rolesRead = new WeakMap<Plan, ReadonlyArray<ResidentRole>>()

/** What it reads, as all plans of its task do; one list for all tasks that share the plan. */
export const rolesOf = (plan: Plan): ReadonlyArray<ResidentRole> => {
  const known = rolesRead.get(plan)
  if (known !== undefined) return known
  const roles = plan.residents.filter((slot) => !isWritten(slot)).map(({ role }) => role)
  rolesRead.set(plan, roles)
  return roles
}

/** Of tasks of one kind, which share plan and objects: checked and put together once. */
const preparedBefore = new WeakMap<ReadonlyArray<ResidentObject>, WeakMap<Plan, PreparedPlan>>()

/** `objects`: what was prepared for the roles of the first plan, in order. */
export const preparedPlans = (
  plans: FirstAtHand<Plan>,
  objects: ReadonlyArray<ResidentObject>,
): FirstAtHand<PreparedPlan> => {
  const byPlan = preparedBefore.get(objects) ?? new WeakMap<Plan, PreparedPlan>()
  preparedBefore.set(objects, byPlan)
  const roles = rolesOf(plans.first)
  return plans.map((plan) => {
    const known = byPlan.get(plan)
    if (known !== undefined) return known
    const prepared = preparedPlan(plan, roles, objects)
    byPlan.set(plan, prepared)
    return prepared
  })
}

const preparedPlan = (
  plan: Plan,
  roles: ReadonlyArray<ResidentRole>,
  objects: ReadonlyArray<ResidentObject>,
): PreparedPlan => {
  const residents: Array<ResidentObject> = []
  const host: Array<ResidentObject | null> = []
  for (const slot of plan.residents) {
    const object = isWritten(slot) ? null : objects[roles.indexOf(slot.role)]!
    if (object !== null) assertExact(slot, object)
    if (slot.host === true) host.push(object)
    else residents.push(object!)
  }
  // The common case keeps the list.
  const isSame = host.length === 0 && residents.every((object, at) => object === objects[at])
  return { plan, residents: isSame ? objects : residents, host }
}

/** The planner predicted each object's bytes from shapes; here are the real ones. */
const assertExact = ({ bytes, role }: ResidentSlot, object: ResidentObject): void => {
  if (object.bytes !== bytes) {
    throw new Error(`${role}: planned ${bytes} bytes, got ${object.bytes}`)
  }
}
