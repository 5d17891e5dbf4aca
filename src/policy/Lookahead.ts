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

/** By whichever of its plans it is known. */
const removeFrom = (tasks: Array<WaitingTask>, { seq }: WaitingTask): void => {
  const place = tasks.findIndex((task) => task.seq === seq)
  if (place >= 0) tasks.splice(place, 1)
}

export class Lookahead {
  readonly #order: OrderedTasks
  readonly #options: LookaheadOptions
  #rest: TaskReader | null = null
  /** From the first on, without those that are taken. */
  #read: Array<WaitingTask> = []
  /** Of these, those whose tenants are within their share. */
  #within: Array<WaitingTask> = []
  /** What was read is not what reading anew would give. */
  #isStale = false
  /** Of one that asks for the same as another, it depends on what is taken whether it counts. */
  #someAskForTheSame = false

  constructor(order: OrderedTasks, options: LookaheadOptions) {
    this.#order = order
    this.#options = options
  }

  /** The next is at 0; undefined beyond the last, or beyond what a decision looks at. */
  at(place: number): WaitingTask | undefined {
    this.#refresh()
    while (this.#read.length <= place && this.#readOn());
    return this.#read[place]
  }

  /** The same of those among them whose tenants are within their share. */
  withinAt(place: number): WaitingTask | undefined {
    this.#refresh()
    while (this.#within.length <= place && this.#readOn());
    return this.#within[place]
  }

  /** It has just been taken. */
  forget(task: WaitingTask): void {
    if (this.#someAskForTheSame) {
      this.#isStale = true
      return
    }
    removeFrom(this.#read, task)
    removeFrom(this.#within, task)
  }

  #refresh(): void {
    if (this.#isStale) this.#readAnew()
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
    } else if (!this.#isTaken(task)) {
      this.#read.push(task)
      if (this.#options.shares.isWithin(task)) this.#within.push(task)
    }
    return true
  }

  /** As a rule nothing is: nobody's id is looked at then. */
  #isTaken({ id }: WaitingTask): boolean {
    const { taken } = this.#options
    return taken.size > 0 && taken.has(id)
  }

  #readAnew(): void {
    const { shares, taken } = this.#options
    this.#isStale = false
    this.#read = firstOf(this.#order, taken)
    this.#within = this.#read.filter((task) => shares.isWithin(task))
  }
}
