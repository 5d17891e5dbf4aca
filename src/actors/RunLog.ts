// What the report needs beyond the tasks: decisions and changes of the pool, bounded.
import { limits } from "../model/limits.ts"
import type { DecisionRecord, MemoryEvent } from "../model/RunReport.ts"

export class RunLog {
  readonly decisions: Array<DecisionRecord> = []
  readonly memory: Array<MemoryEvent> = []
  readonly #keeps: boolean
  #dropped = 0

  /** `keeps` false: nobody will ask for it, as in a sweep that wants figures alone. */
  constructor(keeps = true) {
    this.#keeps = keeps
  }

  get dropped(): number {
    return this.#dropped
  }

  decision(record: DecisionRecord): void {
    if (!this.#keeps) return
    const last = this.decisions.at(-1)
    const idle = record.start.length === 0
    const repeated = idle && last?.blocked?.id === record.blocked?.id && last?.start.length === 0
    if (repeated) return
    if (this.decisions.length < limits.maxDecisionLog) this.decisions.push(record)
    else this.#dropped++
  }

  change(event: MemoryEvent): void {
    if (!this.#keeps) return
    if (this.memory.length < limits.maxMemoryEvents) this.memory.push(event)
    else this.#dropped++
  }
}
