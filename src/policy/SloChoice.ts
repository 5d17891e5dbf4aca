// One decision of `slo`: what it has chosen so far, and who is next.
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { byArrival, type OrderedTasks, type TaskList } from "../model/WaitingTasks.ts"
import { Crowd } from "./Crowd.ts"
import { concurrencyOf } from "./concurrency.ts"
import { byTurn, dueAtMs } from "./edf.ts"
import { type Due, endangeredBy } from "./endangered.ts"
import { choiceOf, firstOf, Lookahead } from "./Lookahead.ts"
import { patienceOf, patienceTurn } from "./patience.ts"
import { byAgedTime, sjfAgeing } from "./sjf.ts"
import { TenantShares } from "./TenantShares.ts"

const inAgedOrder = (a: WaitingTask, b: WaitingTask): number =>
  byAgedTime.key(a) - byAgedTime.key(b) || a.seq - b.seq

const dueOf = (task: WaitingTask): Due => {
  const { demand, predictedMs, predictedP95Ms } = task
  return { task, dueAtMs: dueAtMs(task), demand, runMs: (predictedMs + predictedP95Ms) / 2 }
}

/** So many times as long as a lost task the next in time must be to let it go by: next to nothing, then. */
const lostFactor = 4

export class SloChoice {
  readonly #snapshot: Snapshot
  readonly #nowMs: number
  readonly #shares: TenantShares
  /** Tenants within their share, where they are few. */
  readonly #few: ReadonlyArray<string> | null
  readonly #taken = new Set<string>()
  readonly #started: Array<WaitingTask> = []
  readonly #crowd: Crowd
  readonly #inTime: TaskList
  readonly #lost: TaskList
  readonly #inTimeByAgedTime: Lookahead
  readonly #inTimeByTurn: Lookahead
  readonly #lostByAgedTime: Lookahead

  constructor(snapshot: Snapshot, nowMs: number) {
    const shares = new TenantShares(snapshot)
    const { waiting } = snapshot
    const options = { shares, taken: this.#taken }
    this.#snapshot = snapshot
    this.#nowMs = nowMs
    this.#shares = shares
    this.#few = shares.few
    this.#crowd = new Crowd(snapshot, nowMs)
    this.#inTime = waiting.inTime(nowMs)
    this.#lost = waiting.lost(nowMs)
    this.#inTimeByAgedTime = new Lookahead(this.#inTime.ordered(byAgedTime), options)
    this.#inTimeByTurn = new Lookahead(this.#inTime.ordered(byTurn), options)
    this.#lostByAgedTime = new Lookahead(this.#lost.ordered(byAgedTime), options)
  }

  get started(): ReadonlyArray<WaitingTask> {
    return this.#started
  }

  start(task: WaitingTask): void {
    this.#crowd.join(task)
    this.#started.push(task)
    this.pass(task)
  }

  /** Not now: it does not fit. */
  pass(task: WaitingTask): void {
    this.#taken.add(choiceOf(task))
    this.#inTimeByAgedTime.forget(task)
    this.#inTimeByTurn.forget(task)
    this.#lostByAgedTime.forget(task)
  }

  /** Whether `task` gains more by beginning now than it costs what runs, and what was chosen. */
  paysToStart(task: WaitingTask): boolean {
    return this.#crowd.paysToJoin(task)
  }

  /** Who is next, whatever fits; null when nobody is left to look at. */
  next(): WaitingTask | null {
    const inLine = this.nextInLine()
    if (inLine === null || this.#hasLostPatience(inLine)) return inLine
    return this.#endangeredBy(inLine) ?? inLine
  }

  /** The same, whoever is at risk. */
  nextInLine(): WaitingTask | null {
    const oldest = this.#firstFree(this.#snapshot.waiting.ordered(byArrival))
    if (oldest === undefined) return null
    return this.#hasLostPatience(oldest) ? oldest : this.#shortest()
  }

  /** And it is the turn of one that has. */
  #hasLostPatience(task: WaitingTask): boolean {
    const isTurn = (this.#snapshot.startedCount + this.#started.length) % patienceTurn === 0
    return isTurn && this.#nowMs - task.submittedAtMs > patienceOf(task)
  }

  /**
   * Of the first by aged length whose tenants are within their share, the shortest per weight, with what
   * it must load; one that cannot meet its target any more only where there is no other.
   */
  #shortest(): WaitingTask | null {
    const inTime = this.#inTimeByAgedTime
    const lost = this.#lostByAgedTime
    const few = this.#few
    const shortest =
      few === null
        ? this.#shortestOf((place) => inTime.withinAt(place))
        : this.#shortestOfFew(few, this.#inTime)
    const shortestLost =
      few === null
        ? this.#shortestOf((place) => lost.withinAt(place))
        : this.#shortestOfFew(few, this.#lost)
    const found = this.#firstOfBoth(shortest, shortestLost)
    return found ?? this.#shortestOf((place) => inTime.at(place)) ?? lost.at(0) ?? null
  }

  /** A lost one goes first where it is so much shorter that it costs the other next to nothing. */
  #firstOfBoth(
    inTime: WaitingTask | undefined,
    lost: WaitingTask | undefined,
  ): WaitingTask | undefined {
    if (inTime === undefined || lost === undefined) return inTime ?? lost
    return lostFactor * this.#lengthMs(lost) < this.#lengthMs(inTime) ? lost : inTime
  }

  /** With what it must load, per weight. */
  #lengthMs(task: WaitingTask): number {
    return (task.predictedMs + this.#crowd.loadMs(task)) / this.#shares.weightOf(task.tenant)
  }

  /** Of each tenant that is within its share, where they are few, the first. */
  #shortestOfFew(tenants: ReadonlyArray<string>, list: TaskList): WaitingTask | undefined {
    if (list.length === 0) return undefined
    const tasks = list.byTenant(byAgedTime)
    const firsts: Array<WaitingTask> = []
    for (const tenant of tenants) {
      const first = this.#firstFree(tasks.get(tenant))
      if (first !== undefined && this.#shares.isWithin(first)) firsts.push(first)
    }
    firsts.sort(inAgedOrder)
    return this.#shortestOf((place) => firsts[place])
  }

  /** The first of an order that is not taken. */
  #firstFree(tasks: OrderedTasks | undefined): WaitingTask | undefined {
    const first = tasks?.first
    if (first === undefined || !this.#taken.has(choiceOf(first))) return first
    return firstOf(tasks!, this.#taken, 1)[0]
  }

  /**
   * In order of aged length: where nobody weighs more than 1, those behind one that is as short as it
   * seems are longer.
   */
  #shortestOf(at: (place: number) => WaitingTask | undefined): WaitingTask | undefined {
    let best: WaitingTask | undefined
    let least = Number.POSITIVE_INFINITY
    for (let place = 0; ; place++) {
      const task = at(place)
      if (task === undefined) return best
      const agedMs = sjfAgeing * (this.#nowMs - task.submittedAtMs)
      if (this.#shares.noneIsHeavy && task.predictedMs - agedMs >= least) return best
      const key = this.#lengthMs(task) - agedMs
      if (key >= least) continue
      best = task
      least = key
    }
  }

  /** The task to run instead of `shortest`, lest a target be missed; null when none is at risk. */
  #endangeredBy(shortest: WaitingTask): WaitingTask | null {
    const due: Array<Due> = []
    for (let place = 0; ; place++) {
      const task = this.#inTimeByTurn.withinAt(place)
      if (task === undefined) break
      due.push(dueOf(task))
    }
    if (due.length === 0 || due[0]!.task === shortest) return null
    return endangeredBy(dueOf(shortest), due, {
      busy: this.#crowd.busy(),
      concurrency: concurrencyOf(this.#snapshot),
      shares: this.#shares,
    })
  }
}
