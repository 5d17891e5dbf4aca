// What the scheduler knows between messages, and the moves on it; no effects. It answers "may I
// decide now?" and "what does the policy see?"; the actor applies what the policy says.
import type { MemoryView } from "../model/MemoryView.ts"
import type { RunningTask, SchedulingMode, Snapshot } from "../model/Snapshot.ts"
import type { LiveTask } from "./LiveTask.ts"

export class SchedulerState {
  readonly mode: SchedulingMode
  /** Ready tasks in order of arrival. */
  #waiting: Array<LiveTask> = []
  readonly #running = new Map<string, RunningTask>()
  readonly #freeLanes: Array<number> = []
  #lanesUp = 0
  #startedCount = 0
  /**
   * Groups mode: accepted tasks that were not ready when the device fell idle. The next group waits
   * for them, and for no later ones, so a group is formed from everything that had arrived.
   */
  #settling: Set<number> | null = null

  constructor(mode: SchedulingMode) {
    this.mode = mode
  }

  get lanesUp(): number {
    return this.#lanesUp
  }

  get waiting(): ReadonlyArray<LiveTask> {
    return this.#waiting
  }

  get running(): number {
    return this.#running.size
  }

  laneUp(lane: number): void {
    this.#lanesUp++
    this.#freeLanes.push(lane)
    this.#freeLanes.sort((a, b) => a - b)
  }

  ready(task: LiveTask): void {
    this.#settling?.delete(task.seq)
    let position = this.#waiting.length
    while (position > 0 && this.#waiting[position - 1]!.seq > task.seq) position--
    this.#waiting.splice(position, 0, task)
  }

  /** The task ended before it was ready. */
  dropped(task: LiveTask): void {
    this.#settling?.delete(task.seq)
  }

  /** Takes a task out of the waiting ones; false when it is not there. */
  remove(task: LiveTask): boolean {
    const index = this.#waiting.indexOf(task)
    if (index >= 0) this.#waiting.splice(index, 1)
    return index >= 0
  }

  /** Takes several at once, in one pass. */
  removeAll(tasks: ReadonlySet<LiveTask>): void {
    if (tasks.size > 0) this.#waiting = this.#waiting.filter((task) => !tasks.has(task))
  }

  started(task: LiveTask, startedAtMs: number): number {
    const lane = this.#freeLanes.shift()
    if (lane === undefined) throw new Error(`task ${task.spec.id}: started without a free lane`)
    const { footprintBytes, predictedMs } = task.prepared!.waiting
    const { id, tenant } = task.spec
    this.#startedCount++
    this.#running.set(id, { id, tenant, lane, startedAtMs, predictedMs, footprintBytes })
    return lane
  }

  /** The task no longer runs; its lane is free only after `laneUp`. */
  finished(task: LiveTask): number {
    const running = this.#running.get(task.spec.id)!
    this.#running.delete(task.spec.id)
    this.#lanesUp--
    return running.lane
  }

  /**
   * Continuous: as soon as a lane is free and something waits. Groups: only when nothing runs, and
   * every task that had been accepted when the device fell idle is ready or gone.
   */
  mayDecide(unsettled: () => Iterable<number>): boolean {
    if (this.#freeLanes.length === 0 || this.#waiting.length === 0) return false
    if (this.mode === "continuous") return true
    if (this.#running.size > 0) return false
    this.#settling ??= new Set(unsettled())
    if (this.#settling.size > 0) return false
    this.#settling = null
    return true
  }

  snapshot(memory: MemoryView): Snapshot {
    return {
      mode: this.mode,
      waiting: this.#waiting.map((task) => task.prepared!.waiting),
      running: [...this.#running.values()],
      lanesTotal: this.#lanesUp,
      lanesFree: this.#freeLanes.length,
      startedCount: this.#startedCount,
      memory,
    }
  }
}
