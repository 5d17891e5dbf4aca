// What the report needs beyond the tasks: decisions and changes of the pool, bounded.
import { limits } from "../model/limits.ts"
import type { DecisionRecord, MemoryEvent } from "../model/RunReport.ts"
import { History } from "./History.ts"

export class RunLog {
  readonly decisions: History<DecisionRecord>
  readonly memory: History<MemoryEvent>

  /** `historyTasks`: the number of tasks whose traces are kept. */
  constructor(historyTasks: number) {
    this.decisions = new History(historyTasks)
    this.memory = new History(historyTasks * limits.memoryEventsPerTask)
  }

  /** A decision that starts nothing is noted once for each task it leaves waiting. */
  decide(record: DecisionRecord): void {
    const { last } = this.decisions
    const stops = record.preempt !== undefined || last?.preempt !== undefined
    const idle = !stops && record.start.length === 0 && last?.start.length === 0
    if (!idle || last.blocked?.id !== record.blocked?.id) this.decisions.add(record)
  }
}
