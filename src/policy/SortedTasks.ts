// A sorted list of tasks in chunks: a change costs two binary searches and a move within one chunk,
// so O(log n + chunk); reading from either end costs what is read. A chunk keeps its keys beside its
// tasks, so that what waits for long is no object of its own in each order.
import type { WaitingTask } from "../model/Snapshot.ts"
import type { OrderedTasks, TaskOrder, TaskReader } from "../model/WaitingTasks.ts"

/** Of the same length; `keys[i]` is the key of `tasks[i]`. */
interface Chunk {
  readonly keys: Array<number>
  readonly tasks: Array<WaitingTask>
}

/** A chunk this long is halved: a move within it costs no more than the search for it. */
const maxChunk = 64

export const hasPlace = ({ holds }: TaskOrder, task: WaitingTask): boolean =>
  holds === undefined || holds(task)

export class SortedTasks implements OrderedTasks {
  readonly #order: TaskOrder
  /** None is empty. */
  readonly #chunks: Array<Chunk> = []
  /** The last key of each chunk: the search for a chunk touches nothing else. */
  readonly #lastKeys: Array<number> = []
  #length = 0

  constructor(order: TaskOrder) {
    this.#order = order
  }

  get length(): number {
    return this.#length
  }

  get first(): WaitingTask | undefined {
    return this.#chunks[0]?.tasks[0]
  }

  /** Nothing happens to one that has no place in the order. */
  add(task: WaitingTask): void {
    if (!hasPlace(this.#order, task)) return
    const key = this.#order.key(task)
    this.#length++
    if (this.#chunks.length === 0) {
      this.#chunks.push({ keys: [key], tasks: [task] })
      this.#lastKeys.push(key)
      return
    }
    const at = Math.min(this.#chunkFor(key, task.seq), this.#chunks.length - 1)
    if (key > this.#lastKeys[at]!) this.#lastKeys[at] = key
    const { keys, tasks } = this.#chunks[at]!
    const place = firstFrom(this.#chunks[at]!, key, task.seq)
    keys.splice(place, 0, key)
    tasks.splice(place, 0, task)
    if (keys.length <= maxChunk) return
    const half = { keys: keys.splice(maxChunk / 2), tasks: tasks.splice(maxChunk / 2) }
    this.#chunks.splice(at + 1, 0, half)
    this.#lastKeys.splice(at, 1, keys.at(-1)!, half.keys.at(-1)!)
  }

  /** False when it is not there. */
  remove(task: WaitingTask): boolean {
    if (!hasPlace(this.#order, task)) return false
    const key = this.#order.key(task)
    const at = this.#chunkFor(key, task.seq)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return false
    const place = firstFrom(chunk, key, task.seq)
    if (chunk.tasks[place] !== task) return false
    chunk.keys.splice(place, 1)
    chunk.tasks.splice(place, 1)
    this.#length--
    if (chunk.keys.length > 0) {
      this.#lastKeys[at] = chunk.keys[chunk.keys.length - 1]!
      return true
    }
    this.#chunks.splice(at, 1)
    this.#lastKeys.splice(at, 1)
    return true
  }

  [Symbol.iterator](): Iterator<WaitingTask> {
    return new Ascending(this.#chunks)
  }

  reader(): TaskReader {
    return new Ascending(this.#chunks)
  }

  *descending(): Generator<WaitingTask> {
    for (let at = this.#chunks.length - 1; at >= 0; at--) {
      const { tasks } = this.#chunks[at]!
      for (let place = tasks.length - 1; place >= 0; place--) yield tasks[place]!
    }
  }

  /** The first chunk whose last task does not come before one of this key and number. */
  #chunkFor(key: number, seq: number): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const lastKey = this.#lastKeys[middle]!
      const isBefore =
        lastKey === key ? this.#chunks[middle]!.tasks.at(-1)!.seq < seq : lastKey < key
      if (isBefore) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** What a generator would be, at a third of its cost: every decision reads some tens of tasks. */
class Ascending implements Iterator<WaitingTask>, TaskReader {
  readonly #chunks: ReadonlyArray<Chunk>
  #chunk = 0
  #place = 0

  constructor(chunks: ReadonlyArray<Chunk>) {
    this.#chunks = chunks
  }

  read(): WaitingTask | undefined {
    const chunk = this.#chunks[this.#chunk]
    if (chunk === undefined) return undefined
    const task = chunk.tasks[this.#place++]!
    if (this.#place === chunk.tasks.length) {
      this.#chunk++
      this.#place = 0
    }
    return task
  }

  next(): IteratorResult<WaitingTask> {
    const value = this.read()
    return value === undefined ? { done: true, value } : { done: false, value }
  }
}

/** Whether the task at `place` comes before one of this key and number. */
const comesBefore = ({ keys, tasks }: Chunk, place: number, key: number, seq: number): boolean =>
  keys[place]! === key ? tasks[place]!.seq < seq : keys[place]! < key

const firstFrom = (chunk: Chunk, key: number, seq: number): number => {
  let low = 0
  let high = chunk.keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (comesBefore(chunk, middle, key, seq)) low = middle + 1
    else high = middle
  }
  return low
}
