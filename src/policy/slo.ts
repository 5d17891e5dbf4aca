// SLO, the default: as many targets met as can be, each weighed as its tenant, then short responses.
//
// Shortest first, unless somebody's target is at risk. The tasks that are due first are looked at in
// the order of their deadlines (EDF is optimal for one machine when all can be met; Liu and Layland,
// 1973): if running the shortest task now made one of them late that would else be in time, the one
// that is due first goes first. Those that cannot all be met lose the dearest per weight until the
// rest can (Moore, Management Science 15(1), 1968) and then wait with the others, by size.
//
// A task joins others only where that pays: the slowdown that their demands add up to, summed over all
// that run, must not exceed what the newcomer would wait for the first of them to end.
//
// No tenant goes further ahead of the neediest, service for weight, than a slack (`TenantShares`): a
// flood costs the others no more than that and what runs.
//
// Where few wait, all that is played to its end instead, in many courses, and the best is begun
// (`bestPlay`): deadlines first, then the least weighted response.
//
// Those whose target is lost wait apart (`WaitingTasks.lost`): however many they are, none hides one that
// can still be met, and they run where nobody in time wants the lane.
//
// The bounds: once the oldest has waited `patienceMs` plus `patienceFactor` times its own length, one of
// `patienceTurn` starts is its, once memory allows; a task that has waited half of that is overtaken by
// none that takes memory it needs. A decision reads `lookahead` tasks of three orders: O(lookahead log n).

import { slowdown } from "../cost/interference.ts"
import { PoolLayout } from "../cost/PoolLayout.ts"
import type { Demand } from "../model/Plan.ts"
import type { DeferReason, Policy, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { withPlan } from "../model/WaitingTask.ts"
import { byArrival, type OrderedTasks, type TaskList } from "../model/WaitingTasks.ts"
import { choosePlan } from "./choosePlan.ts"
import { type Concurrency, concurrencyOf, remainingOf } from "./concurrency.ts"
import { byDue, dueAtMs as dueAtMsOf } from "./edf.ts"
import { type Busy, LaneLine, type TimedTask } from "./LaneLine.ts"
import { choiceOf, firstOf, Lookahead, lookahead } from "./Lookahead.ts"
import { patienceOf, patienceTurn, sparePart } from "./patience.ts"
import { playedOut } from "./playedOut.ts"
import { byAgedTime, sjfAgeing } from "./sjf.ts"
import { TenantShares } from "./TenantShares.ts"

/** A task that a newcomer would run beside. */
interface Other {
  readonly loadMs: number
  readonly runMs: number
  readonly demand: Demand
}

/** A task with a deadline that can still be met. */
interface Due extends TimedTask {
  readonly task: WaitingTask
  readonly dueAtMs: number
}

/** Work done in a time, where a task alone does 1. */
const speedOf = (slowdowns: ReadonlyArray<number>): number =>
  slowdowns.reduce((sum, slowdown) => sum + 1 / slowdown, 0)

const inAgedOrder = (a: WaitingTask, b: WaitingTask): number =>
  byAgedTime.key(a) - byAgedTime.key(b) || a.seq - b.seq

/** One decision: what it has chosen so far, and what it chooses from. */
class Choice {
  readonly #snapshot: Snapshot
  readonly #concurrency: Concurrency
  readonly #nowMs: number
  readonly #shares: TenantShares
  readonly #taken = new Set<string>()
  readonly #started: Array<WaitingTask> = []
  readonly #chosen: Array<Other> = []
  readonly #loading = new Set<string>()
  readonly #inTime: TaskList
  readonly #lost: TaskList
  readonly #inTimeByAgedTime: Lookahead
  readonly #inTimeByDue: Lookahead
  readonly #lostByAgedTime: Lookahead
  /** By residents, how long loading what is missing takes; tasks of one kind share their list. */
  readonly #loadTimes = new Map<WaitingTask["residents"], number>()

  constructor(snapshot: Snapshot, nowMs: number) {
    const { waiting } = snapshot
    this.#inTime = waiting.inTime(nowMs)
    this.#lost = waiting.lost(nowMs)
    this.#inTimeByAgedTime = new Lookahead(this.#inTime.ordered(byAgedTime), this.#taken)
    this.#inTimeByDue = new Lookahead(this.#inTime.ordered(byDue), this.#taken)
    this.#lostByAgedTime = new Lookahead(this.#lost.ordered(byAgedTime), this.#taken)
    this.#snapshot = snapshot
    this.#concurrency = concurrencyOf(snapshot)
    this.#nowMs = nowMs
    this.#shares = new TenantShares(snapshot)
  }

  get started(): ReadonlyArray<WaitingTask> {
    return this.#started
  }

  start(task: WaitingTask): void {
    const loadMs = this.#loadMs(task)
    this.#chosen.push({
      loadMs: loadMs === 0 ? 0 : this.#linkFreeMs() + loadMs,
      runMs: task.predictedMs,
      demand: task.demand,
    })
    for (const { key } of task.residents) this.#loading.add(key)
    this.#loadTimes.clear()
    this.#taken.add(choiceOf(task))
    this.#started.push(task)
  }

  /** Not now: it does not fit. */
  pass(task: WaitingTask): void {
    this.#taken.add(choiceOf(task))
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
    const { few } = this.#shares
    const found =
      few === null
        ? (this.#shortestOf(inTime.tasks(), "within") ?? this.#shortestOf(lost.tasks(), "within"))
        : (this.#shortestOfFew(few, this.#inTime) ?? this.#shortestOfFew(few, this.#lost))
    return found ?? this.#shortestOf(inTime.tasks()) ?? lost.tasks()[0] ?? null
  }

  /** Of each tenant that is within its share, where they are few, the first. */
  #shortestOfFew(tenants: ReadonlyArray<string>, list: TaskList): WaitingTask | undefined {
    if (list.length === 0) return undefined
    const tasks = list.byTenant(byAgedTime)
    const firsts: Array<WaitingTask> = []
    for (const tenant of tenants) {
      const first = this.#firstFree(tasks.get(tenant))
      if (first !== undefined) firsts.push(first)
    }
    return this.#shortestOf(firsts.sort(inAgedOrder), "within")
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
  #shortestOf(tasks: ReadonlyArray<WaitingTask>, shares?: "within"): WaitingTask | undefined {
    let best: WaitingTask | undefined
    let least = Number.POSITIVE_INFINITY
    for (const task of tasks) {
      const agedMs = sjfAgeing * (this.#nowMs - task.submittedAtMs)
      if (this.#shares.noneIsHeavy && task.predictedMs - agedMs >= least) break
      if (shares === "within" && !this.#shares.isWithin(task)) continue
      const length = (task.predictedMs + this.#loadMs(task)) / this.#shares.weightOf(task.tenant)
      const key = length - agedMs
      if (key >= least) continue
      best = task
      least = key
    }
    return best
  }

  /** The task to run instead of `shortest`, lest a target be missed; null when none is at risk. */
  #endangeredBy(shortest: WaitingTask): WaitingTask | null {
    const due: Array<Due> = []
    for (const task of this.#inTimeByDue.tasks()) {
      const dueAtMs = dueAtMsOf(task)
      if (dueAtMs === Number.POSITIVE_INFINITY) break
      if (this.#shares.isWithin(task)) due.push(this.#dueOf(task, dueAtMs))
    }
    if (due.length === 0 || due[0]!.task === shortest) return null
    const first = this.#dueOf(shortest, dueAtMsOf(shortest))
    const line = new LaneLine([...due, first], this.#busy(), this.#concurrency)
    const kept = this.#keptOf(due, line)
    return kept.length > 0 && this.#delays(first, kept, line) ? kept[0]!.task : null
  }

  #dueOf(task: WaitingTask, dueAtMs: number): Due {
    const { demand, predictedMs, predictedP95Ms } = task
    return { task, dueAtMs, demand, runMs: (predictedMs + predictedP95Ms) / 2 }
  }

  #busy(): Busy {
    const running = this.#snapshot.running.map(({ demand, loadMs, predictedMs, startedAtMs }) => ({
      startedAtMs: startedAtMs + loadMs,
      runMs: predictedMs,
      demand,
    }))
    const chosen = this.#chosen.map(({ demand, loadMs, runMs }) => ({
      startedAtMs: this.#nowMs + loadMs,
      runMs,
      demand,
    }))
    return { running: [...running, ...chosen], nowMs: this.#nowMs }
  }

  /** By deadline, those that can all be met: Moore's rule, the dearest per weight goes. */
  #keptOf(due: ReadonlyArray<Due>, line: LaneLine): ReadonlyArray<Due> {
    const kept: Array<Due> = []
    let place = line.place()
    for (const task of due) {
      kept.push(task)
      if (place(task) <= task.dueAtMs) continue
      const dearness = kept.map(
        ({ runMs, task: { tenant } }) => runMs / this.#shares.weightOf(tenant),
      )
      kept.splice(dearness.indexOf(Math.max(...dearness)), 1)
      place = line.place()
      for (const other of kept) place(other)
    }
    return kept
  }

  /** Whether `first` before them all makes one of them late. */
  #delays(first: Due, inTime: ReadonlyArray<Due>, line: LaneLine): boolean {
    const others = inTime.filter(({ task }) => task !== first.task)
    const ends = line.endsOf([first, ...others])
    return others.some(
      ({ dueAtMs, task }, i) => ends[i + 1]! > dueAtMs - sparePart * (task.qosTargetMs ?? 0),
    )
  }

  /** What it needs that is neither on the device nor on the way: loading takes so long. */
  #loadMs({ residents }: WaitingTask): number {
    const known = this.#loadTimes.get(residents)
    if (known !== undefined) return known
    const there = this.#snapshot.memory.residents
    let missing = 0
    for (const { bytes, key } of residents) {
      if (!there.has(key) && !this.#loading.has(key)) missing += bytes
    }
    const loadMs = missing / this.#snapshot.loadBytesPerMs
    this.#loadTimes.set(residents, loadMs)
    return loadMs
  }

  /** How long the link is busy with what those bring that run or were chosen to. */
  #linkFreeMs(): number {
    return this.#others().reduce((last, { loadMs }) => Math.max(last, loadMs), 0)
  }

  /** What runs, and what was chosen to: how long until each begins, and how long it then runs. */
  #others(): ReadonlyArray<Other> {
    const running = this.#snapshot.running.map(
      (task): Other => ({
        ...remainingOf(task, this.#nowMs),
        demand: task.demand,
      }),
    )
    return [...running, ...this.#chosen]
  }

  /**
   * Whether `task` should begin beside what runs: what it takes longer, and what all others take
   * longer for it, against the wait for the first of them. While it loads it takes nothing from
   * them; what is to be loaded stands in line.
   */
  paysToJoin(task: WaitingTask): boolean {
    const others = this.#others()
    if (others.length === 0) return true
    const demands = others.map(({ demand }) => demand)
    const before = slowdown(demands, this.#snapshot.interference)
    const after = slowdown([...demands, task.demand], this.#snapshot.interference)
    const loadMs = this.#loadMs(task)
    const readyMs = loadMs === 0 ? 0 : this.#linkFreeMs() + loadMs
    let waitMs = Number.POSITIVE_INFINITY
    let longestMs = 0
    let costMs = 0
    others.forEach(({ loadMs: theirs, runMs }, i) => {
      const doneBefore = Math.max(0, readyMs - theirs) / before[i]!
      const shared = Math.min(Math.max(0, runMs - doneBefore), task.predictedMs)
      waitMs = Math.min(waitMs, theirs + runMs * before[i]!)
      longestMs = Math.max(longestMs, shared)
      costMs += shared * (after[i]! - before[i]!)
    })
    if (costMs + longestMs * (after[demands.length]! - 1) <= waitMs) return true
    // A target is what the device has to keep up with: more work in the same time helps it.
    return task.qosTargetMs !== null && speedOf(after) > speedOf(before)
  }
}

export const slo: Policy = (snapshot, nowMs) =>
  playedOut(snapshot, nowMs) ?? greedy(snapshot, nowMs)

const greedy: Policy = (snapshot, nowMs) => {
  const choice = new Choice(snapshot, nowMs)
  const plans: Record<string, number> = {}
  let layout: PoolLayout | null = null
  let blocked: { readonly id: string; readonly reason: DeferReason } | null = null
  const block = (task: WaitingTask, reason: DeferReason) => {
    blocked ??= { id: task.id, reason }
  }
  for (let looked = 0; looked < lookahead; looked++) {
    const lanesAreTaken = choice.started.length >= snapshot.lanesFree
    const task = lanesAreTaken ? choice.nextInLine() : choice.next()
    if (task === null) break
    if (snapshot.mode === "groups" && snapshot.running.length > 0) {
      block(task, "order")
      break
    }
    if (lanesAreTaken) {
      block(task, "lane")
      break
    }
    if (!choice.paysToJoin(task)) {
      block(task, "interference")
      break
    }
    layout ??= PoolLayout.fromView(snapshot.memory)
    const plan = choosePlan(task, { layout, snapshot, chosen: choice.started, elasticAtMs: nowMs })
    if (plan !== null) {
      choice.start(withPlan(task, plan))
      if (plan > 0) plans[task.id] = plan
      continue
    }
    block(task, "memory")
    // Smaller ones may go by for a while; then the pool drains until it fits.
    if (nowMs - task.submittedAtMs > patienceOf(task) / 2) break
    choice.pass(task)
  }
  const start = choice.started.map(({ id }) => id)
  const chosen = Object.keys(plans).length > 0 ? { plans } : {}
  return { start, blocked, thresholdBytes: null, ...chosen }
}
