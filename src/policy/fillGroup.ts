// Fills lanes with tasks in the order a policy gives, on a copy of the device's memory: the part
// that all policies share, and the only one that says yes. Each policy file is about its order.
import { PoolLayout } from "../cost/PoolLayout.ts"
import type { Decision, DeferReason, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { withPlan } from "../model/WaitingTask.ts"
import { choosePlan } from "./choosePlan.ts"

export interface FillOptions {
  /** The group is closed once its bytes exceed this; null for no threshold. */
  readonly thresholdBytes: number | null
  /** False only for `unsafe`: nothing is asked of the memory. */
  readonly checkMemory: boolean
  /** At most this many tasks run at once, whatever the lanes; null for no bound. */
  readonly maxRunning: number | null
  /** The moment for which plans of less memory are weighed; null: each starts with its first. */
  readonly elasticAtMs: number | null
}

export const fillDefaults: FillOptions = {
  thresholdBytes: null,
  checkMemory: true,
  maxRunning: null,
  elasticAtMs: null,
}

/** As usual, with plans of less memory where they pay. */
export const elasticAt = (nowMs: number): FillOptions => ({ ...fillDefaults, elasticAtMs: nowMs })

/** The group is whole: in groups mode nothing joins while anything runs. */
const groupIsRunning = ({ mode, running }: Snapshot): boolean =>
  mode === "groups" && running.length > 0

/**
 * Starts tasks until the first that may not; nobody overtakes it. Placement on the copy counts
 * shared residents once and fragmentation as it is, so what starts together fits together. Of those
 * that ask for the same, the first is enough.
 */
export const fillGroup = (
  order: Iterable<WaitingTask>,
  snapshot: Snapshot,
  options: FillOptions,
): Decision => {
  const { elasticAtMs, thresholdBytes } = options
  const start: Array<string> = []
  const chosen: Array<WaitingTask> = []
  const answered = new Set<string>()
  const plans: Record<string, number> = {}
  const decide = (blocked: Decision["blocked"]): Decision => ({
    ...{ start, blocked, thresholdBytes },
    ...(Object.keys(plans).length > 0 ? { plans } : {}),
  })
  let layout: PoolLayout | null = null
  let groupBytes = 0

  const refusal = (task: WaitingTask): DeferReason | null => {
    const running = snapshot.running.length + start.length
    if (groupIsRunning(snapshot)) return "order"
    if (options.maxRunning !== null && running >= options.maxRunning) return "order"
    if (start.length >= snapshot.lanesFree) return "lane"
    if (thresholdBytes !== null && groupBytes > thresholdBytes) return "threshold"
    if (!options.checkMemory) return null
    layout ??= PoolLayout.fromView(snapshot.memory)
    const plan = choosePlan(task, { layout, snapshot, chosen, elasticAtMs })
    if (plan !== null && plan > 0) plans[task.id] = plan
    return plan === null ? "memory" : null
  }

  for (const task of order) {
    if (task.workKey !== undefined && answered.has(task.workKey)) continue
    const reason = refusal(task)
    if (reason !== null) return decide({ id: task.id, reason })
    start.push(task.id)
    chosen.push(withPlan(task, plans[task.id] ?? 0))
    if (task.workKey !== undefined) answered.add(task.workKey)
    groupBytes += task.footprintBytes
  }
  return decide(null)
}
