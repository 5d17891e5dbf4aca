// What the report needs beyond the tasks: decisions and changes of the pool, bounded.
import { limits } from "../model/limits.ts"
import type { DecisionRecord, MemoryEvent } from "../model/RunReport.ts"

export class RunLog {
  readonly decisions: Array<DecisionRecord> = []
  readonly memory: Array<MemoryEvent> = []
  #dropped = 0

  get dropped(): number {
    return this.#dropped
  }

  decision(record: DecisionRecord): void {
    const last = this.decisions.at(-1)
    const idle = record.start.length === 0
    const repeated = idle && last?.blocked?.id === record.blocked?.id && last?.start.length === 0
    if (repeated) return
    if (this.decisions.length < limits.maxDecisionLog) this.decisions.push(record)
    else this.#dropped++
  }

  change(event: MemoryEvent): void {
    if (this.memory.length < limits.maxMemoryEvents) this.memory.push(event)
    else this.#dropped++
  }
}
