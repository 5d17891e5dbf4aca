// FAIR, weighted fair sharing of device time: the next task is the first of the tenant with the
// least service / weight, as in fair queueing (Demers, Keshav and Shenker, SIGCOMM 1989). Service is
// the time of ended runs; a run under way, or chosen just now, counts with its predicted time at
// least, so that one decision for several lanes does not give them all to one tenant.
//
// The bound: while two tenants both wait, their service / weight differ by at most what one task of
// each lane can add, for tasks that fit the memory.
import type { Policy, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { fillDefaults, fillGroup, tasksNeeded } from "./fillGroup.ts"

interface Claim {
  readonly weight: number
  /** Its first waiting tasks, in order of arrival. */
  readonly tasks: Array<WaitingTask>
  next: number
  serviceMs: number
}

/** Tenants that have something waiting; of each no more tasks than one decision can use. */
const claimsOf = (snapshot: Snapshot, nowMs: number, count: number): ReadonlyArray<Claim> => {
  const claims = new Map<string, Claim>()
  for (const task of snapshot.waiting) {
    const claim = claims.get(task.tenant)
    if (claim === undefined) {
      const { weight, attainedMs } = snapshot.tenants.get(task.tenant)!
      claims.set(task.tenant, { weight, tasks: [task], next: 0, serviceMs: attainedMs })
    } else if (claim.tasks.length < count) claim.tasks.push(task)
  }
  for (const { tenant, startedAtMs, predictedMs } of snapshot.running) {
    const claim = claims.get(tenant)
    if (claim !== undefined) claim.serviceMs += Math.max(predictedMs, nowMs - startedAtMs)
  }
  return [...claims.values()]
}

const isBefore = (a: Claim, b: Claim): boolean => {
  const difference = a.serviceMs / a.weight - b.serviceMs / b.weight
  return difference === 0 ? a.tasks[a.next]!.seq < b.tasks[b.next]!.seq : difference < 0
}

const fairOrder = (snapshot: Snapshot, nowMs: number): ReadonlyArray<WaitingTask> => {
  const count = tasksNeeded(snapshot)
  const claims = claimsOf(snapshot, nowMs, count)
  const order: Array<WaitingTask> = []
  while (order.length < count) {
    let first: Claim | null = null
    for (const claim of claims) {
      if (claim.next === claim.tasks.length) continue
      if (first === null || isBefore(claim, first)) first = claim
    }
    const task = first!.tasks[first!.next++]!
    first!.serviceMs += task.predictedMs
    order.push(task)
  }
  return order
}

export const fair: Policy = (snapshot, nowMs) =>
  fillGroup(fairOrder(snapshot, nowMs), snapshot, fillDefaults)
