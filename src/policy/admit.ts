// Whether a deadline can be promised. The promises that were given are run, in thought, in the order of
// their turns beside what runs, which gives way at operator boundaries to those whose turn is sooner; the
// newcomer takes its place among them. It is promised where no more than `risked` promises are to be expected
// lost for it, its own among them.
//
// Its turn is that of its deadline, or a later one: the order of deadlines is the best there is on one lane
// (Jackson, 1955), but on several a task that can wait may come before one that cannot. Of the turns that are
// tried the one counts by which the least is risked.
//
// The first of the line are taken lane by lane (`DueWalk`), those behind by blocks (`LineTail`).

import type { Concurrency } from "./concurrency.ts"
import { type Walked, walkByDue } from "./DueWalk.ts"
import { canBeMet, LineTail } from "./LineTail.ts"
import { type Block, blockOf, type InLine, type Promised, type PromiseLine } from "./PromiseLine.ts"
import type { Underway } from "./underway.ts"

export interface Load {
  readonly line: PromiseLine
  readonly runs: ReadonlyArray<Underway>
  readonly concurrency: Concurrency
  readonly nowMs: number
  /** Whoever runs them goes by their turns, not by their deadlines alone. */
  readonly takesTurns: boolean
}

/** Promises that are taken lane by lane. */
const walked = 32

/**
 * So many promises may be expected lost for one that is given, itself among them. Found by bench/qosLoad.ts and
 * bench/wronglyRefused.ts: what is never at risk is refused for luck that would have sufficed.
 */
const risked = 0.1

/** Promises of others weigh more: they were given before, and to somebody else. */
const othersWeigh = 3

/** So little risk is none: no other turn is looked for, and no run come after. */
const noticed = 0.1 * risked

/** The least that a clock counts. */
const tickMs = 1e-6

/** Where in line, and behind which runs. */
interface Place {
  readonly at: number
  /** Runs whose turn is until then come before it. */
  readonly notBeforeMs: number
}

/** A place in line, and what it means. */
interface Trial {
  readonly turnAtMs: number
  readonly endMs: number
  /** Promises to be expected lost for it, as they weigh; itself not among them. */
  readonly lost: number
  /** That it misses its own deadline. */
  readonly chanceLate: number
  /** The first place behind it where it might be better, or null. */
  readonly next: Place | null
}

export interface Answer {
  /** The earliest end that can be promised, in milliseconds of the load's clock. */
  readonly finishMs: number
  /** Where it is in time: the turn with which it stands in line. */
  readonly turnAtMs: number
}

/**
 * What can be promised to `task`: an end in time, in its turn by its own deadline or, where others cannot wait and
 * it can, in a later one; else the earliest end after its deadline, before every promise that can wait for it.
 * Time O(p (n / block + block)) for n promises of which its coming earlier would break p.
 */
export const promiseTo = (task: Promised, load: Load): Answer => {
  const trials = new Trials(task, load)
  return trials.inTime() ?? { finishMs: trials.afterDeadlineMs(), turnAtMs: task.turnAtMs }
}

/** The same with itself among them. */
const riskOf = ({ chanceLate, lost }: Trial): number => lost + chanceLate

/** What the newcomer means to others. */
interface Harm {
  /** Promises to be expected lost for it, as they weigh. */
  readonly lost: number
  /** The last place from which on too many are, or -1. */
  readonly place: number
  /** The turns of the runs that are likelier to be late. */
  readonly runTurnsMs: ReadonlyArray<number>
}

const never = Number.NEGATIVE_INFINITY

class Trials {
  readonly #task: InLine
  readonly #load: Load
  readonly #head: ReadonlyArray<Promised>
  readonly #tail: LineTail
  /** Its place by its own deadline. */
  readonly #turn: number
  #walkWithout: Walked | null = null

  constructor(task: Promised, load: Load) {
    this.#load = load
    this.#task = load.line.inLine(task)
    const head: Array<Promised> = []
    const tail: Array<Block> = []
    let turn = 0
    for (const block of load.line.blocks) {
      const { members } = block
      const isBefore = ({ promise }: InLine) => promise.turnAtMs <= task.turnAtMs
      turn += isBefore(members.at(-1)!) ? members.length : members.filter(isBefore).length
      const room = Math.min(walked - head.length, members.length)
      for (let at = 0; at < room; at++) head.push(members[at]!.promise)
      if (room === 0) tail.push(block)
      else if (room < members.length) tail.push(blockOf(members.slice(room)))
    }
    this.#head = head
    this.#tail = new LineTail(tail, head.length, load.nowMs)
    this.#turn = turn
  }

  /** Where the least is risked, in its turn or in a later one; null where too much is. */
  inTime(): Answer | null {
    let best: Trial | null = null
    for (const beginning of this.#beginnings()) {
      for (const trial of this.#from(beginning)) {
        if (best === null || riskOf(trial) < riskOf(best)) best = trial
        if (riskOf(best) <= noticed) return this.#answer(best)
      }
    }
    return best === null || riskOf(best) > risked ? null : this.#answer(best)
  }

  #answer({ endMs, turnAtMs }: Trial): Answer {
    return { finishMs: Math.min(endMs, this.#task.promise.dueAtMs), turnAtMs }
  }

  /** A place, and then those behind whom it harms there, as long as it is in time itself. */
  *#from(beginning: Place): Generator<Trial> {
    let place: Place | null = beginning
    while (place !== null) {
      const trial: Trial = this.#at(place)
      yield trial
      const { chanceLate, next } = trial
      // Later it is later still, and behind the head nobody is taken lane by lane.
      const ends = chanceLate > risked || next === null || next.at > this.#head.length
      place = ends || !this.#load.takesTurns ? null : next
    }
  }

  /** Its own turn, and that behind each run that could give it its lane. */
  #beginnings(): ReadonlyArray<Place> {
    const { runs, takesTurns } = this.#load
    const { turnAtMs } = this.#task.promise
    const turnsMs = [never]
    for (const run of takesTurns ? runs : []) {
      const isLater = run.turnAtMs > turnAtMs && run.turnAtMs < Number.POSITIVE_INFINITY
      if (isLater && run.boundaryAtMs !== null) turnsMs.push(run.turnAtMs)
    }
    turnsMs.sort((a, b) => a - b)
    return turnsMs.map((notBeforeMs) => ({ at: this.#placeAt(notBeforeMs), notBeforeMs }))
  }

  /** At its own turn, or where the turn at a moment is over. */
  #placeAt(turnMs: number): number {
    const head = this.#head
    let at = this.#turn
    while (at < head.length && head[at]!.turnAtMs <= turnMs) at++
    return at
  }

  /** Where it stands behind another: beyond its own turn, behind all those of the same turn. */
  #behind(place: number): number {
    const other = this.#head[place]
    return place < this.#turn || other === undefined ? place + 1 : this.#placeAt(other.turnAtMs)
  }

  /** The earliest end after its deadline, at whatever place. */
  afterDeadlineMs(): number {
    const dueAtMs = this.#task.promise.dueAtMs + tickMs
    let place: Place | null = { at: 0, notBeforeMs: never }
    while (place !== null) {
      const { endMs, lost, next }: Trial = this.#at(place)
      if (lost <= risked) {
        if (endMs > dueAtMs || place.at === this.#turn) return Math.max(endMs, dueAtMs)
        // In time out of its turn: nobody runs it there.
        break
      }
      place = next
    }
    return Math.max(this.#behindAllMs, dueAtMs)
  }

  /** An end after those of all others. */
  get #behindAllMs(): number {
    return this.#inTail(this.#head.length + this.#tail.length).endMs
  }

  #at({ at, notBeforeMs }: Place): Trial {
    const head = this.#head
    if (at > head.length || (at === head.length && this.#tail.length > 0)) return this.#inTail(at)
    const task = this.#task.promise
    // Whoever comes before others stops what they would stop.
    const sooner = Math.min(task.turnAtMs, head[at]?.turnAtMs ?? Number.POSITIVE_INFINITY)
    const turnAtMs = Math.max(sooner, head[at - 1]?.turnAtMs ?? never, notBeforeMs)
    const order = [...head.slice(0, at), { ...task, turnAtMs }, ...head.slice(at)]
    const walk = walkByDue(order, this.#load)
    const harm = this.#harmOf(walk, at)
    return {
      turnAtMs,
      endMs: walk.ends[at]!,
      chanceLate: walk.chances[at]!,
      lost: harm.lost,
      next: this.#nextTo({ at, notBeforeMs }, turnAtMs, harm),
    }
  }

  #inTail(at: number): Trial {
    const { broken, chanceLate, endMs } = this.#tail.brokenFrom(at, this.#without, this.#task)
    const { turnAtMs } = this.#task.promise
    const next = broken < 0 ? null : { at: broken + 1, notBeforeMs: never }
    return { turnAtMs, endMs, chanceLate, lost: Number(broken >= 0), next }
  }

  #harmOf(walk: Walked, place: number): Harm {
    const [head, without] = [this.#head, this.#without]
    const { broken } = this.#tail.brokenFrom(head.length, walk, null)
    let lost = Number(broken >= 0)
    let last = broken
    for (let at = head.length - 1; at >= 0; at--) {
      const isBehind = at >= place
      const more = othersWeigh * (walk.chances[isBehind ? at + 1 : at]! - without.chances[at]!)
      if (more <= 0 || !canBeMet(head[at]!, this.#load.nowMs)) continue
      lost += more
      if (isBehind && last < 0 && lost > risked) last = at
    }
    const runTurnsMs: Array<number> = []
    for (const [run, chance] of walk.runChances) {
      const more = othersWeigh * (chance - without.runChances.get(run)!)
      if (more <= 0) continue
      lost += more
      if (more > noticed) runTurnsMs.push(run.turnAtMs)
    }
    return { lost, place: last, runTurnsMs }
  }

  /** Behind those it harms; nowhere where they come before it and its company slows them. */
  #nextTo({ at, notBeforeMs }: Place, turnAtMs: number, harm: Harm): Place | null {
    if (harm.place >= at) return { at: this.#behind(harm.place), notBeforeMs }
    const later = harm.runTurnsMs.filter((atMs) => atMs > turnAtMs)
    if (later.length === 0) return null
    const latestMs = Math.max(...later)
    const behind = this.#head.findIndex((promise) => promise.turnAtMs > latestMs)
    return { at: Math.max(at, behind < 0 ? this.#head.length : behind), notBeforeMs: latestMs }
  }

  /** As things are. */
  get #without(): Walked {
    this.#walkWithout ??= walkByDue(this.#head, this.#load)
    return this.#walkWithout
  }
}
