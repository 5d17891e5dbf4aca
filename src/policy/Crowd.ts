// What runs, and what a decision has chosen to start beside it: whom a newcomer would run with, what it
// would have to load, and whether it had better wait.
import { slowdown } from "../cost/interference.ts"
import type { Demand } from "../model/Plan.ts"
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { remainingOf } from "./concurrency.ts"
import type { Busy } from "./LaneLine.ts"

interface Member {
  /** Until it begins. */
  readonly loadMs: number
  readonly runMs: number
  readonly demand: Demand
}

/** Work done in a time, where a task alone does 1. */
const speedOf = (slowdowns: ReadonlyArray<number>): number =>
  slowdowns.reduce((sum, slowdown) => sum + 1 / slowdown, 0)

export class Crowd {
  readonly #snapshot: Snapshot
  readonly #nowMs: number
  readonly #chosen: Array<Member> = []
  /** Residents that are on their way to the device for what was chosen. */
  readonly #loading = new Set<string>()
  /** By residents, how long loading what is missing takes; tasks of one kind share their list. */
  readonly #loadTimes = new Map<WaitingTask["residents"], number>()

  constructor(snapshot: Snapshot, nowMs: number) {
    this.#snapshot = snapshot
    this.#nowMs = nowMs
  }

  join(task: WaitingTask): void {
    const loadMs = this.loadMs(task)
    this.#chosen.push({
      loadMs: loadMs === 0 ? 0 : this.#linkFreeMs() + loadMs,
      runMs: task.predictedMs,
      demand: task.demand,
    })
    for (const { key } of task.residents) this.#loading.add(key)
    this.#loadTimes.clear()
  }

  /** What it needs that is neither on the device nor on the way: loading takes so long. */
  loadMs({ residents }: WaitingTask): number {
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

  /** As lanes that are taken. */
  busy(): Busy {
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

  /** How long the link is busy with what those bring that run or were chosen to. */
  #linkFreeMs(): number {
    return this.#members().reduce((last, { loadMs }) => Math.max(last, loadMs), 0)
  }

  #members(): ReadonlyArray<Member> {
    const running = this.#snapshot.running.map((task): Member => {
      const { loadMs, runMs } = remainingOf(task, this.#nowMs)
      return { loadMs, runMs, demand: task.demand }
    })
    return [...running, ...this.#chosen]
  }

  /**
   * Whether `task` should begin beside the others: what it takes longer, and what all others take
   * longer for it, against the wait for the first of them. While it loads it takes nothing from
   * them; what is to be loaded stands in line.
   */
  paysToJoin(task: WaitingTask): boolean {
    const others = this.#members()
    if (others.length === 0) return true
    const demands = others.map(({ demand }) => demand)
    const before = slowdown(demands, this.#snapshot.interference)
    const after = slowdown([...demands, task.demand], this.#snapshot.interference)
    const loadMs = this.loadMs(task)
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
