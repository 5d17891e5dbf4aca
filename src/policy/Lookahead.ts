// The first tasks of an order that may still be chosen, as one decision goes on choosing: read only as far
// as it asks, and what was read stays read, so a decision reads each of them once.
import type { WaitingTask } from "../model/Snapshot.ts"
import type { OrderedTasks, TaskReader } from "../model/WaitingTasks.ts"
import type { TenantShares } from "./TenantShares.ts"

/** Tasks of each order that one decision looks at. */
export const lookahead = 32

/** Tasks of one decision that are passed over because one that asks for the same was looked at. */
const maxRepeats = 8 * lookahead

/** Those that ask for the same are one to choose: its run answers them all. */
export const choiceOf = ({ id, workKey = id }: WaitingTask): string => workKey

/** The first of an order whose choices are not taken, each choice once. */
export const firstOf = (
  tasks: Iterable<WaitingTask>,
  taken: ReadonlySet<string>,
  count = lookahead,
): Array<WaitingTask> => {
  const first: Array<WaitingTask> = []
  // Of those that ask for the same; most ask for something of their own.
  let seen: Set<string> | null = null
  let repeats = 0
  for (const task of tasks) {
    if (first.length === count || repeats > maxRepeats) break
    const choice = choiceOf(task)
    if (taken.has(choice)) continue
    if (task.workKey !== undefined) {
      seen ??= new Set()
      if (seen.has(choice)) {
        repeats++
        continue
      }
      seen.add(choice)
    }
    first.push(task)
  }
  return first
}

export interface LookaheadOptions {
  /** What this decision has chosen, or passed over, so far. */
  readonly taken: ReadonlySet<string>
  readonly shares: TenantShares
}

export class Lookahead {
  readonly #order: OrderedTasks
  readonly #options: LookaheadOptions
  #rest: TaskReader | null = null
  /** From the first on, without those that are taken. */
  #read: Array<WaitingTask> = []
  /** Of these, those whose tenants are within their share. */
  #within: Array<WaitingTask> = []
  #takenBefore = 0
  /** Of one that asks for the same as another, it depends on what is taken whether it counts. */
  #someAskForTheSame = false

  constructor(order: OrderedTasks, options: LookaheadOptions) {
    this.#order = order
    this.#options = options
  }

  /** The next is at 0; undefined beyond the last, or beyond what a decision looks at. */
  at(place: number): WaitingTask | undefined {
    this.#forgetTaken()
    while (this.#read.length <= place && this.#readOn());
    return this.#read[place]
  }

  /** The same of those among them whose tenants are within their share. */
  withinAt(place: number): WaitingTask | undefined {
    this.#forgetTaken()
    while (this.#within.length <= place && this.#readOn());
    return this.#within[place]
  }

  #forgetTaken(): void {
    const { taken } = this.#options
    if (this.#takenBefore === taken.size) return
    this.#takenBefore = taken.size
    if (this.#someAskForTheSame) {
      this.#readAnew()
      return
    }
    const isFree = ({ id }: WaitingTask) => !taken.has(id)
    this.#read = this.#read.filter(isFree)
    this.#within = this.#within.filter(isFree)
  }

  /** False when there is no more to read. */
  #readOn(): boolean {
    if (this.#someAskForTheSame || this.#read.length === lookahead) return false
    this.#rest ??= this.#order.reader()
    const task = this.#rest.read()
    if (task === undefined) return false
    if (task.workKey !== undefined) {
      this.#someAskForTheSame = true
      this.#readAnew()
    } else if (!this.#options.taken.has(task.id)) {
      this.#read.push(task)
      if (this.#options.shares.isWithin(task)) this.#within.push(task)
    }
    return true
  }

  #readAnew(): void {
    const { shares, taken } = this.#options
    this.#read = firstOf(this.#order, taken)
    this.#within = this.#read.filter((task) => shares.isWithin(task))
  }
}
