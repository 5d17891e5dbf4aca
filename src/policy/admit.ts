// Whether a deadline can be promised. The promises that were given are run, in thought, in the order of
// their deadlines beside what runs, which gives way at operator boundaries to what is due sooner; the
// newcomer takes its place among them. It is promised when it ends in time and nobody who would else be in
// time ends late.
//
// The first of the line are taken lane by lane (`DueWalk`). Those behind begin when the lanes together have
// done all before them, at the latest: of them, sums and extremes of blocks are enough.

import type { Concurrency } from "./concurrency.ts"
import { type Walked, walkByDue } from "./DueWalk.ts"
import { type Block, blockOf, type InLine, type Promised, type PromiseLine } from "./PromiseLine.ts"
import { surely } from "./sureness.ts"
import type { Underway } from "./underway.ts"

export interface Load {
  readonly line: PromiseLine
  readonly runs: ReadonlyArray<Underway>
  readonly concurrency: Concurrency
  readonly nowMs: number
}

/** Promises that are taken lane by lane. */
const walked = 32

/** A promise is broken by what makes it this much likelier to be lost; what is at risk is else in the way of all. */
const risked = 0.005

/** The least that a clock counts. */
const tickMs = 1e-6

/** A place in line, and what it means. */
interface Trial {
  readonly endMs: number
  /** Nobody is late for it. */
  readonly isKept: boolean
  /** The first place where it might be better. */
  readonly nextPlace: number
}

/**
 * The earliest end that can be promised to `task`: in its turn, by its own deadline, where that is in time,
 * else after its deadline, before every promise that can wait for it. In milliseconds of the load's clock.
 * Time O(p (n / block + block)) for n promises of which its coming earlier would break p.
 */
export const earliestFinishMs = (task: Promised, load: Load): number => {
  const trials = new Trials(task, load)
  const inTurn = trials.at(trials.turn)
  if (inTurn.isKept && inTurn.endMs <= task.dueAtMs) return inTurn.endMs
  for (let place = 0; place <= trials.last; ) {
    const { endMs, isKept, nextPlace } = trials.at(place)
    if (isKept && endMs > task.dueAtMs) return endMs
    // In time out of its turn: nobody runs it there, since all is run by deadline.
    if (isKept) break
    place = nextPlace
  }
  return Math.max(trials.behindAllMs, task.dueAtMs + tickMs)
}

interface Broken {
  readonly endMs: number
  /** The last promise that is late, by its place, or -1. */
  readonly broken: number
}

const none = Number.NEGATIVE_INFINITY

class Trials {
  readonly #task: InLine
  readonly #load: Load
  readonly #head: ReadonlyArray<Promised>
  readonly #tail: ReadonlyArray<Block>
  /** Its place by its own deadline. */
  readonly turn: number
  #walkWithout: Walked | null = null
  /** Runs that are due until then come before it. */
  #notBeforeMs = none

  constructor(task: Promised, load: Load) {
    this.#load = load
    this.#task = load.line.inLine(task)
    const head: Array<Promised> = []
    const tail: Array<Block> = []
    let turn = 0
    for (const block of load.line.blocks) {
      const { members } = block
      const isBefore = ({ promise }: InLine) => promise.dueAtMs <= task.dueAtMs
      turn += isBefore(members.at(-1)!) ? members.length : members.filter(isBefore).length
      const room = Math.min(walked - head.length, members.length)
      for (let at = 0; at < room; at++) head.push(members[at]!.promise)
      if (room === 0) tail.push(block)
      else if (room < members.length) tail.push(blockOf(members.slice(room)))
    }
    this.#head = head
    this.#tail = tail
    this.turn = turn
  }

  /** The place behind all others. */
  get last(): number {
    return this.#tail.reduce((all, { members }) => all + members.length, this.#head.length)
  }

  /** An end after those of all others. */
  get behindAllMs(): number {
    return this.#inTail(this.last).endMs
  }

  at(place: number): Trial {
    const head = this.#head
    if (place > head.length || (place === head.length && this.#tail.length > 0)) {
      return this.#inTail(place)
    }
    const task = this.#task.promise
    // Whoever comes before others stops what they would stop.
    const nextMs = head[place]?.dueAtMs ?? Number.POSITIVE_INFINITY
    const dueAtMs = Math.max(Math.min(task.dueAtMs, nextMs), this.#notBeforeMs)
    const order = [...head.slice(0, place), { ...task, dueAtMs }, ...head.slice(place)]
    const walk = walkByDue(order, this.#load)
    const endMs = walk.ends[place]!
    const broken = this.#brokenIn(walk, place)
    const behind = Math.max(broken, this.#brokenFrom(head.length, walk, null).broken)
    if (behind >= place) return { endMs, isKept: false, nextPlace: behind + 1 }
    const late = this.#lateRuns(walk)
    const later = late.filter((atMs) => atMs > dueAtMs)
    if (later.length > 0) {
      const nextPlace = Math.max(place, this.#notBefore(Math.max(...later)))
      return { endMs, isKept: false, nextPlace }
    }
    // Who comes before it is slowed by its company, wherever it is but at the end.
    const isKept = broken < 0 && late.length === 0
    return { endMs, isKept, nextPlace: isKept ? place : Number.POSITIVE_INFINITY }
  }

  #inTail(place: number): Trial {
    const { broken, endMs } = this.#brokenFrom(place, this.#without, this.#task)
    return { endMs, isKept: broken < 0, nextPlace: broken + 1 }
  }

  /** The last of the first that becomes likelier to be lost, or -1. */
  #brokenIn({ chances }: Walked, place: number): number {
    return this.#head.findLastIndex(
      (promise, at) =>
        chances[at < place ? at : at + 1]! - this.#without.chances[at]! > risked &&
        this.#canBeMet(promise),
    )
  }

  /** When the runs are due that become likelier to be lost. */
  #lateRuns({ runChances }: Walked): ReadonlyArray<number> {
    const late: Array<number> = []
    for (const [run, chance] of runChances) {
      if (chance - this.#without.runChances.get(run)! > risked) late.push(run.dueAtMs)
    }
    return late
  }

  /** From now on it comes behind runs that are due by then; its first place there. */
  #notBefore(dueAtMs: number): number {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, dueAtMs)
    const place = this.#head.findIndex((promise) => promise.dueAtMs > dueAtMs)
    return place < 0 ? this.#head.length : place
  }

  /** Promises that are late from `place` on, with the newcomer there or, where it is null, ahead. */
  #brokenFrom(place: number, walk: Walked, newcomer: InLine | null): Broken {
    let beginsMs = walk.freeAtMs
    let variance = walk.variance
    let at = this.#head.length
    let broken = -1
    let endMs = Number.POSITIVE_INFINITY
    const take = ({ shareMs, shareVariance }: InLine) => {
      beginsMs += shareMs
      variance += shareVariance
    }
    const join = () => {
      if (newcomer === null || at !== place || endMs < Number.POSITIVE_INFINITY) return
      endMs = surely(beginsMs + newcomer.stayMs, variance + newcomer.stayVariance)
      take(newcomer)
    }
    for (const block of this.#tail) {
      const { latestMs, members, shareMs } = block
      join()
      const parts = place > at && place < at + members.length
      const isLate = at >= place && surely(beginsMs, variance + block.variance) > latestMs
      if (!parts && !isLate) {
        beginsMs += shareMs
        variance += block.shareVariance
        at += members.length
        continue
      }
      for (const member of members) {
        join()
        const { promise, stayMs, stayVariance } = member
        const isBehind = at >= place
        const end = surely(beginsMs + stayMs, variance + stayVariance)
        if (isBehind && end > promise.dueAtMs && this.#canBeMet(promise)) broken = at
        take(member)
        at++
      }
    }
    join()
    return { endMs, broken }
  }

  /** As things are. */
  get #without(): Walked {
    this.#walkWithout ??= walkByDue(this.#head, this.#load)
    return this.#walkWithout
  }

  #canBeMet({ dueAtMs, runMs }: Promised): boolean {
    return this.#load.nowMs + runMs <= dueAtMs
  }
}
