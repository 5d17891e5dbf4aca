// A sorted list of tasks in chunks: a change costs two binary searches and a move within one chunk,
// so O(log n + chunk); reading from either end costs what is read.
import type { WaitingTask } from "../model/Snapshot.ts"
import type { OrderedTasks, TaskOrder } from "../model/WaitingTasks.ts"

interface Entry {
  readonly key: number
  readonly task: WaitingTask
}

/** A chunk this long is halved: a move within it costs no more than the search for it. */
const maxChunk = 256

const isBefore = (a: Entry, b: Entry): boolean =>
  a.key === b.key ? a.task.seq < b.task.seq : a.key < b.key

export class SortedTasks implements OrderedTasks {
  readonly #order: TaskOrder
  /** None is empty. */
  readonly #chunks: Array<Array<Entry>> = []
  #length = 0

  constructor(order: TaskOrder) {
    this.#order = order
  }

  get length(): number {
    return this.#length
  }

  add(task: WaitingTask): void {
    const entry = this.#entryOf(task)
    this.#length++
    if (this.#chunks.length === 0) {
      this.#chunks.push([entry])
      return
    }
    const at = Math.min(this.#chunkFor(entry), this.#chunks.length - 1)
    const chunk = this.#chunks[at]!
    chunk.splice(firstFrom(chunk, entry), 0, entry)
    if (chunk.length > maxChunk) this.#chunks.splice(at + 1, 0, chunk.splice(maxChunk / 2))
  }

  /** False when it is not there. */
  remove(task: WaitingTask): boolean {
    const entry = this.#entryOf(task)
    const at = this.#chunkFor(entry)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return false
    const place = firstFrom(chunk, entry)
    if (chunk[place]?.task !== task) return false
    chunk.splice(place, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
    this.#length--
    return true
  }

  *[Symbol.iterator](): Generator<WaitingTask> {
    for (const chunk of this.#chunks) for (const { task } of chunk) yield task
  }

  *descending(): Generator<WaitingTask> {
    for (let at = this.#chunks.length - 1; at >= 0; at--) {
      const chunk = this.#chunks[at]!
      for (let place = chunk.length - 1; place >= 0; place--) yield chunk[place]!.task
    }
  }

  #entryOf(task: WaitingTask): Entry {
    return { key: this.#order.key(task), task }
  }

  /** The first chunk whose last entry does not come before `entry`. */
  #chunkFor(entry: Entry): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(this.#chunks[middle]!.at(-1)!, entry)) low = middle + 1
      else high = middle
    }
    return low
  }
}

const firstFrom = (chunk: ReadonlyArray<Entry>, entry: Entry): number => {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(chunk[middle]!, entry)) low = middle + 1
    else high = middle
  }
  return low
}
