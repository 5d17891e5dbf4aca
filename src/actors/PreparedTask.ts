// What the estimator found out of a task: its plans with what each needs on the device and beside it, and
// how a policy sees it. A task starts with one of its plans and keeps it until it has ended.
import type { Graph } from "../model/Graph.ts"
import { type Plan, slotsOn } from "../model/Plan.ts"
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

/** What the plans read, each once. */
export const rolesOf = (plans: ReadonlyArray<Plan>): ReadonlyArray<ResidentRole> =>
  plans.length === 1 ? readBy(plans[0]!) : [...new Set(plans.flatMap(readBy))]

const rolesRead = new WeakMap<Plan, ReadonlyArray<ResidentRole>>()

/** One list for all tasks that share the plan. */
const readBy = (plan: Plan): ReadonlyArray<ResidentRole> => {
  const known = rolesRead.get(plan)
  if (known !== undefined) return known
  const roles = plan.residents.filter((slot) => !isWritten(slot)).map(({ role }) => role)
  rolesRead.set(plan, roles)
  return roles
}

type ByPlan = WeakMap<Plan, ReadonlyArray<PreparedPlan>>

/** Of tasks of one kind, which share plan and objects: checked and put together once. */
const preparedBefore = new WeakMap<ReadonlyArray<ResidentObject>, ByPlan>()

/** `objects`: what was prepared for the plans' roles, in order. */
export const preparedPlans = (
  plans: ReadonlyArray<Plan>,
  objects: ReadonlyArray<ResidentObject>,
): ReadonlyArray<PreparedPlan> => {
  const known = plans.length === 1 ? preparedBefore.get(objects)?.get(plans[0]!) : undefined
  return known ?? preparedNow(plans, objects)
}

const preparedNow = (
  plans: ReadonlyArray<Plan>,
  objects: ReadonlyArray<ResidentObject>,
): ReadonlyArray<PreparedPlan> => {
  const [plan] = plans
  // The common case keeps the list: tasks of one kind share it.
  if (plans.length === 1 && slotsOn(plan!, "host").length === 0) {
    for (const [at, slot] of plan!.residents.entries()) assertExact(slot, objects[at]!)
    const prepared = [{ plan: plan!, residents: objects, host: [] }]
    const byPlan: ByPlan = preparedBefore.get(objects) ?? new WeakMap()
    preparedBefore.set(objects, byPlan.set(plan!, prepared))
    return prepared
  }
  const byRole = new Map(rolesOf(plans).map((role, at) => [role, objects[at]!]))
  return plans.map((one) => preparedPlan(one, byRole))
}

const preparedPlan = (
  plan: Plan,
  byRole: ReadonlyMap<ResidentRole, ResidentObject>,
): PreparedPlan => {
  const residents: Array<ResidentObject> = []
  const host: Array<ResidentObject | null> = []
  for (const slot of plan.residents) {
    const object = isWritten(slot) ? null : byRole.get(slot.role)!
    if (object !== null) assertExact(slot, object)
    if (slot.host === true) host.push(object)
    else residents.push(object!)
  }
  return { plan, residents, host }
}

/** The planner predicted each object's bytes from shapes; here are the real ones. */
const assertExact = ({ bytes, role }: ResidentSlot, object: ResidentObject): void => {
  if (object.bytes !== bytes) {
    throw new Error(`${role}: planned ${bytes} bytes, got ${object.bytes}`)
  }
}
