// The first tasks of an order that may still be chosen, as one decision goes on choosing: what was read
// stays read, so a decision reads each of them once.
import type { WaitingTask } from "../model/Snapshot.ts"
import type { OrderedTasks } from "../model/WaitingTasks.ts"

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
): ReadonlyArray<WaitingTask> => {
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

export class Lookahead {
  readonly #order: OrderedTasks
  readonly #taken: ReadonlySet<string>
  #rest: Iterator<WaitingTask> | null = null
  #tasks: ReadonlyArray<WaitingTask> = []
  #takenBefore = -1
  /** Of one that asks for the same as another, it depends on what is taken whether it counts. */
  #someAskForTheSame = false

  constructor(order: OrderedTasks, taken: ReadonlySet<string>) {
    this.#order = order
    this.#taken = taken
  }

  /** The same list as long as nothing more is taken. */
  tasks(): ReadonlyArray<WaitingTask> {
    if (this.#takenBefore === this.#taken.size) return this.#tasks
    this.#takenBefore = this.#taken.size
    this.#tasks = this.#someAskForTheSame ? firstOf(this.#order, this.#taken) : this.#readOn()
    return this.#tasks
  }

  #readOn(): ReadonlyArray<WaitingTask> {
    this.#rest ??= this.#order[Symbol.iterator]()
    const first: Array<WaitingTask> = []
    for (const task of this.#tasks) if (!this.#taken.has(task.id)) first.push(task)
    while (first.length < lookahead) {
      const next = this.#rest.next()
      if (next.done === true) break
      if (next.value.workKey !== undefined) {
        this.#someAskForTheSame = true
        return firstOf(this.#order, this.#taken)
      }
      if (!this.#taken.has(next.value.id)) first.push(next.value)
    }
    return first
  }
}
