// The published orders and thresholds once more, slowly: the whole queue sorted and served from a
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

export const publishedOrder = (name: PolicyName, { waiting, startedCount }: Snapshot) => {
  switch (name) {
    case "lmcf":
      return sorted(waiting, bytes)
    case "sqtf":
      return sorted(waiting, qos)
    case "bmc":
      return bothEnds(sorted(waiting, bytes), startedCount)
    case "bqt":
      return bothEnds(sorted(waiting, qos), startedCount)
    default:
      return waiting
  }
}

export const publishedThreshold = (name: PolicyName, snapshot: Snapshot): number | null => {
  if (snapshot.mode === "continuous" || (name !== "sqtf" && name !== "bqt")) return null
  const total = snapshot.waiting.map(bytes).reduce((a, b) => a + b, 0)
  if (total === 0) return 0
  return Math.ceil(total / Math.ceil(total / snapshot.memory.budgetBytes))
}
