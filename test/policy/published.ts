// The published orders (and ours) and thresholds once more, slowly: the whole queue sorted and served from a
// deque. The policies under test share no code with it.
import type { PolicyName, Snapshot, WaitingTask } from "../../src/model/Snapshot.ts"

const qos = (task: WaitingTask) => task.qosTargetMs ?? Infinity
const bytes = (task: WaitingTask) => task.footprintBytes

const sorted = (tasks: ReadonlyArray<WaitingTask>, key: (task: WaitingTask) => number) =>
  [...tasks].sort((a, b) => (key(a) === key(b) ? a.seq - b.seq : key(a) < key(b) ? -1 : 1))

const bothEnds = (queue: Array<WaitingTask>, firstTurn: number) => {
  const served: Array<WaitingTask> = []
  for (let turn = firstTurn; queue.length > 0; turn++) {
    served.push(turn % 2 === 1 ? queue.pop()! : queue.shift()!)
  }
  return served
}

const waitedMs = (task: WaitingTask, nowMs: number) => nowMs - task.submittedAtMs

/** Weighted fair: the tenant with the least service per weight gives its first task, again and again. */
const fairly = ({ lanesTotal, memory, running, tenants, waiting }: Snapshot, nowMs: number) => {
  const all = [...waiting]
  /** A lane, or as many as its part of the memory is worth. */
  const lanesOf = ({ footprintBytes }: { readonly footprintBytes: number }) =>
    Math.max(1, (lanesTotal * footprintBytes) / memory.budgetBytes)
  const served: Array<WaitingTask> = []
  const shareOf = (tenant: string) => {
    const { weight, attainedMs } = tenants.get(tenant)!
    const now = running
      .filter((task) => task.tenant === tenant)
      .map((task) => Math.max(task.predictedMs, nowMs - task.startedAtMs) * lanesOf(task))
    const chosen = served
      .filter((task) => task.tenant === tenant)
      .map((task) => task.predictedMs * lanesOf(task))
    return [...now, ...chosen].reduce((sum, ms) => sum + ms, attainedMs) / weight
  }
  while (served.length < all.length) {
    const left = all.filter((task) => !served.includes(task))
    const least = Math.min(...left.map(({ tenant }) => shareOf(tenant)))
    served.push(left.find(({ tenant }) => shareOf(tenant) === least)!)
  }
  return served
}

export const publishedOrder = (name: PolicyName, snapshot: Snapshot, nowMs: number) => {
  const { startedCount } = snapshot
  const waiting = [...snapshot.waiting]
  switch (name) {
    case "lmcf":
      return sorted(waiting, bytes)
    case "sqtf":
      return sorted(waiting, qos)
    case "bmc":
      return bothEnds(sorted(waiting, bytes), startedCount)
    case "bqt":
      return bothEnds(sorted(waiting, qos), startedCount)
    case "edf":
      return sorted(waiting, (task) => task.submittedAtMs + qos(task))
    case "sjf":
      return sorted(waiting, (task) => task.predictedMs - 0.02 * waitedMs(task, nowMs))
    case "priority":
      return sorted(waiting, (task) => -(task.priority + waitedMs(task, nowMs) / 1000))
    case "fair":
      return fairly(snapshot, nowMs)
    default:
      return waiting
  }
}

export const publishedThreshold = (name: PolicyName, snapshot: Snapshot): number | null => {
  if (snapshot.mode === "continuous" || (name !== "sqtf" && name !== "bqt")) return null
  const total = [...snapshot.waiting].map(bytes).reduce((a, b) => a + b, 0)
  if (total === 0) return 0
  return Math.ceil(total / Math.ceil(total / snapshot.memory.budgetBytes))
}
