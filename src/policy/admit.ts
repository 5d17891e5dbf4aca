// Whether a deadline can be promised. The promises that were given are run, in thought, in the order of
// their deadlines beside what runs, which gives way at operator boundaries to what is due sooner; the
// newcomer takes its place among them. It is promised where no more than `risked` promises are to be expected
// lost for it, its own among them.
//
// The first of the line are taken lane by lane (`DueWalk`). Those behind begin when the lanes together have
// done all before them, at the latest: of them, sums and extremes of blocks are enough.

import type { Concurrency } from "./concurrency.ts"
import { type Walked, walkByDue } from "./DueWalk.ts"
import { type Block, blockOf, type InLine, type Promised, type PromiseLine } from "./PromiseLine.ts"
import { chanceLate, surely } from "./sureness.ts"
import type { Underway } from "./underway.ts"

export interface Load {
  readonly line: PromiseLine
  readonly runs: ReadonlyArray<Underway>
  readonly concurrency: Concurrency
  readonly nowMs: number
}

/** Promises that are taken lane by lane. */
const walked = 32

/**
 * So many promises may be expected lost for one that is given, itself among them. Found by bench/qosLoad.ts and
 * bench/wronglyRefused.ts: what is never at risk is refused for luck that would have sufficed.
 */
const risked = 0.03

/** A run that is so much likelier to be late is one to come after. */
const noticed = 0.1 * risked

/** The least that a clock counts. */
const tickMs = 1e-6

/** A place in line, and what it means. */
interface Trial {
  readonly endMs: number
  /** Promises to be expected lost for it, itself not among them. */
  readonly lost: number
  /** That it misses its own deadline. */
  readonly chanceLate: number
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
  const { dueAtMs } = task
  const inTurn = trials.at(trials.turn)
  if (inTurn.lost + inTurn.chanceLate <= risked) return Math.min(inTurn.endMs, dueAtMs)
  for (let place = 0; place <= trials.last; ) {
    const { endMs, lost, nextPlace } = trials.at(place)
    if (lost <= risked) {
      if (endMs > dueAtMs || place === trials.turn) return Math.max(endMs, dueAtMs + tickMs)
      // In time out of its turn: nobody runs it there, since all is run by deadline.
      break
    }
    place = nextPlace
  }
  return Math.max(trials.behindAllMs, dueAtMs + tickMs)
}

/** What the newcomer means to others. */
interface Harm {
  /** Promises to be expected lost for it. */
  readonly lost: number
  /** The last place from which on too many are, or -1. */
  readonly place: number
  /** When the runs are due that are likelier to be late. */
  readonly runsDueAtMs: ReadonlyArray<number>
}

interface Broken {
  readonly endMs: number
  readonly chanceLate: number
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
    const harm = this.#harmOf(walk, place)
    const { lost } = harm
    const nextPlace = lost <= risked ? place : this.#placeAfter(place, dueAtMs, harm)
    return { endMs: walk.ends[place]!, chanceLate: walk.chances[place]!, lost, nextPlace }
  }

  #inTail(place: number): Trial {
    const { broken, chanceLate, endMs } = this.#brokenFrom(place, this.#without, this.#task)
    return { endMs, chanceLate, lost: Number(broken >= 0), nextPlace: broken + 1 }
  }

  #harmOf(walk: Walked, place: number): Harm {
    const [head, without] = [this.#head, this.#without]
    const { broken } = this.#brokenFrom(head.length, walk, null)
    let lost = Number(broken >= 0)
    let last = broken
    for (let at = head.length - 1; at >= 0; at--) {
      const isBehind = at >= place
      const more = walk.chances[isBehind ? at + 1 : at]! - without.chances[at]!
      if (more <= 0 || !this.#canBeMet(head[at]!)) continue
      lost += more
      if (isBehind && last < 0 && lost > risked) last = at
    }
    const runsDueAtMs: Array<number> = []
    for (const [run, chance] of walk.runChances) {
      const more = chance - without.runChances.get(run)!
      if (more <= 0) continue
      lost += more
      if (more > noticed) runsDueAtMs.push(run.dueAtMs)
    }
    return { lost, place: last, runsDueAtMs }
  }

  /** Behind those it harms; nowhere where they come before it and its company slows them. */
  #placeAfter(place: number, dueAtMs: number, harm: Harm): number {
    if (harm.place >= place) return harm.place + 1
    const later = harm.runsDueAtMs.filter((atMs) => atMs > dueAtMs)
    if (later.length === 0) return Number.POSITIVE_INFINITY
    return Math.max(place, this.#notBefore(Math.max(...later)))
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
    let late = 1
    const take = ({ shareMs, shareVariance }: InLine) => {
      beginsMs += shareMs
      variance += shareVariance
    }
    const join = () => {
      if (newcomer === null || at !== place || endMs < Number.POSITIVE_INFINITY) return
      const [atMs, varies] = [beginsMs + newcomer.stayMs, variance + newcomer.stayVariance]
      endMs = surely(atMs, varies)
      late = chanceLate(newcomer.promise.dueAtMs, atMs, varies)
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
    return { endMs, broken, chanceLate: late }
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
