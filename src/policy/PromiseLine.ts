// Promises that have not begun, in the order of their turns, in blocks that know of themselves what
// is asked of all their members: most blocks are passed over without a look inside. Adding, taking out
// and looking ahead cost O(n / block + block) for n promises.
import type { Demand } from "../model/Plan.ts"
import { bestCrowd, type Concurrency } from "./concurrency.ts"

export interface Promised {
  /** Infinite without a deadline. */
  readonly dueAtMs: number
  /** Where it stands in line: when it is due, or behind others that are due later and cannot wait for it. */
  readonly turnAtMs: number
  /** Order of arrival: who comes first of those whose turn it is at once. */
  readonly seq: number
  /** Median, alone, with what a run costs beside its operators. */
  readonly runMs: number
  /** Standard deviation of `runMs`. */
  readonly deviationMs: number
  readonly demand: Demand
}

/** A promise in line, with what it takes of a device that is full of its like. */
export interface InLine<A extends Promised = Promised> {
  readonly promise: A
  /** Of the lanes together: the time until work that waits for them all moves on by this. */
  readonly shareMs: number
  /** On its lane. */
  readonly stayMs: number
  readonly shareVariance: number
  readonly stayVariance: number
}

export interface Block<A extends Promised = Promised> {
  readonly members: ReadonlyArray<InLine<A>>
  readonly shareMs: number
  readonly shareVariance: number
  /** The most that the end of a member varies. */
  readonly variance: number
  /** All are in time where the block begins no later than this, but for chance. */
  readonly latestMs: number
}

/** A block of twice as many is parted. */
const blockSize = 64

const isBefore = (a: Promised, b: Promised): boolean =>
  a.turnAtMs === b.turnAtMs ? a.seq < b.seq : a.turnAtMs < b.turnAtMs

export const blockOf = <A extends Promised>(members: ReadonlyArray<InLine<A>>): Block<A> => {
  let shareMs = 0
  let shareVariance = 0
  let variance = 0
  let latestMs = Number.POSITIVE_INFINITY
  for (const member of members) {
    latestMs = Math.min(latestMs, member.promise.dueAtMs - shareMs - member.stayMs)
    variance = Math.max(variance, shareVariance + member.stayVariance)
    shareMs += member.shareMs
    shareVariance += member.shareVariance
  }
  return { members, shareMs, shareVariance, variance, latestMs }
}

export class PromiseLine<A extends Promised = Promised> {
  readonly #concurrency: Concurrency
  readonly #blocks: Array<Block<A>> = []

  constructor(concurrency: Concurrency) {
    this.#concurrency = concurrency
  }

  /** Whose turn is first, or null. */
  get first(): A | null {
    return this.#blocks[0]?.members[0]?.promise ?? null
  }

  get blocks(): ReadonlyArray<Block<A>> {
    return this.#blocks
  }

  inLine(promise: A): InLine<A> {
    const { count, slowdown } = bestCrowd(promise.demand, this.#concurrency)
    const stayMs = promise.runMs * slowdown
    const stayVariance = (promise.deviationMs * slowdown) ** 2
    const shareVariance = stayVariance / count ** 2
    return { promise, shareMs: stayMs / count, stayMs, shareVariance, stayVariance }
  }

  add(promise: A): void {
    const at = this.#blockFor(promise)
    const members = [...(this.#blocks[at]?.members ?? [])]
    members.splice(placeIn(members, promise), 0, this.inLine(promise))
    if (members.length < 2 * blockSize) this.#blocks[at] = blockOf(members)
    else {
      const halves = [members.slice(0, blockSize), members.slice(blockSize)]
      this.#blocks.splice(at, 1, ...halves.map(blockOf))
    }
  }

  /** False where it is not in line. */
  remove(promise: A): boolean {
    const at = this.#blockFor(promise)
    const members = this.#blocks[at]?.members ?? []
    const place = placeIn(members, promise)
    if (members[place]?.promise !== promise) return false
    if (members.length === 1) this.#blocks.splice(at, 1)
    else this.#blocks[at] = blockOf(members.toSpliced(place, 1))
    return true
  }

  /** The block whose members are around `promise`. */
  #blockFor(promise: Promised): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(this.#blocks[middle]!.members.at(-1)!.promise, promise)) low = middle + 1
      else high = middle
    }
    return Math.max(0, Math.min(low, this.#blocks.length - 1))
  }
}

/** Behind those that come before it. */
const placeIn = (members: ReadonlyArray<InLine>, promise: Promised): number => {
  let low = 0
  let high = members.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(members[middle]!.promise, promise)) low = middle + 1
    else high = middle
  }
  return low
}
