// FAIR, weighted fair sharing of device time and memory, whichever a task takes more of (dominance.ts):
// the next task is the first of the tenant with the least service / weight, as in fair queueing (Demers,
// Keshav and Shenker, SIGCOMM 1989). Service is the time of ended runs; a run under way, or chosen just
// now, counts with its predicted time at least, so that one decision for several lanes does not give them
// all to one tenant.
//
// The bound: while two tenants both wait, their service / weight differ by at most what one task of
// each lane can add, and the credit of one that was idle, for tasks that fit the memory.
import type { Policy, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { byArrival } from "../model/WaitingTasks.ts"
import { dominanceOf } from "./dominance.ts"
import { elasticAt, fillGroup } from "./fillGroup.ts"

interface Claim {
  readonly weight: number
  /** Its waiting tasks, in order of arrival. */
  readonly tasks: Iterator<WaitingTask>
  /** The first of them; null when none is left. */
  head: WaitingTask | null
  serviceMs: number
}

const headOf = (tasks: Iterator<WaitingTask>): WaitingTask | null => tasks.next().value ?? null

const lanesOf = ({ lanesTotal, memory }: Snapshot, footprintBytes: number): number =>
  dominanceOf(footprintBytes, { budgetBytes: memory.budgetBytes, lanes: lanesTotal })

/** One per tenant that has something waiting. */
const claimsOf = (snapshot: Snapshot, nowMs: number): ReadonlyArray<Claim> => {
  const claims = new Map<string, Claim>()
  for (const [tenant, waiting] of snapshot.waiting.byTenant(byArrival)) {
    const { weight, attainedMs } = snapshot.tenants.get(tenant)!
    const tasks = waiting[Symbol.iterator]()
    claims.set(tenant, { weight, tasks, head: headOf(tasks), serviceMs: attainedMs })
  }
  for (const { footprintBytes, predictedMs, startedAtMs, tenant } of snapshot.running) {
    const claim = claims.get(tenant)
    if (claim === undefined) continue
    const runMs = Math.max(predictedMs, nowMs - startedAtMs)
    claim.serviceMs += runMs * lanesOf(snapshot, footprintBytes)
  }
  return [...claims.values()]
}

const isBefore = (a: Claim, b: Claim): boolean => {
  const difference = a.serviceMs / a.weight - b.serviceMs / b.weight
  return difference === 0 ? a.head!.seq < b.head!.seq : difference < 0
}

function* fairOrder(snapshot: Snapshot, nowMs: number): Generator<WaitingTask> {
  const claims = claimsOf(snapshot, nowMs)
  for (;;) {
    let first: Claim | null = null
    for (const claim of claims) {
      if (claim.head !== null && (first === null || isBefore(claim, first))) first = claim
    }
    if (first === null) return
    const task = first.head!
    first.head = headOf(first.tasks)
    first.serviceMs += task.predictedMs * lanesOf(snapshot, task.footprintBytes)
    yield task
  }
}

export const fair: Policy = (snapshot, nowMs) =>
  fillGroup(fairOrder(snapshot, nowMs), snapshot, elasticAt(nowMs))
