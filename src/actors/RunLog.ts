// What the report needs beyond the tasks: decisions and changes of the pool, bounded.
import { limits } from "../model/limits.ts"
import { type DecisionRecord, isIdle, type MemoryEvent } from "../model/RunReport.ts"
import { History } from "./History.ts"

export class RunLog {
  readonly decisions: History<DecisionRecord>
  readonly memory: History<MemoryEvent>

  /** `historyTasks`: the number of tasks whose traces are kept. */
  constructor(historyTasks: number) {
    this.decisions = new History(historyTasks * limits.decisionsPerTask)
    this.memory = new History(historyTasks * limits.memoryEventsPerTask)
  }

  /** One that changes nothing is noted once for each task it leaves waiting and each reason. */
  decide(record: DecisionRecord): void {
    const { last } = this.decisions
    const isNews = last === undefined || !isIdle(record) || !isIdle(last)
    const { blocked } = record
    const stands = blocked?.id === last?.blocked?.id && blocked?.reason === last?.blocked?.reason
    if (isNews || !stands) this.decisions.add(record)
  }
}
