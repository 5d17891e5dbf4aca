// What the scheduler knows between messages, and the moves on it; no effects. It answers "may I
// decide now?" and "what does the policy see?"; the actor applies what the policy says.
import type { MemoryView } from "../model/MemoryView.ts"
import type { RunningTask, SchedulingMode, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import type { LiveTask } from "./LiveTask.ts"

export class SchedulerState {
  readonly mode: SchedulingMode
  /** Ready tasks in order of arrival. */
  readonly #waiting: Array<LiveTask> = []
  /** The same tasks as policies see them, in step with `#waiting`. */
  readonly #views: Array<WaitingTask> = []
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
    const position = this.#position(task.seq)
    this.#waiting.splice(position, 0, task)
    this.#views.splice(position, 0, task.prepared!.waiting)
  }

  /** The task ended before it was ready. */
  dropped(task: LiveTask): void {
    this.#settling?.delete(task.seq)
  }

  /** Takes a task out of the waiting ones; false when it is not there. */
  remove(task: LiveTask): boolean {
    const position = this.#position(task.seq)
    if (this.#waiting[position] !== task) return false
    this.#waiting.splice(position, 1)
    this.#views.splice(position, 1)
    return true
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

  /** Good until the next change: `waiting` is not copied, a queue may hold many thousands. */
  snapshot(memory: MemoryView): Snapshot {
    return {
      mode: this.mode,
      waiting: this.#views,
      running: [...this.#running.values()],
      lanesTotal: this.#lanesUp,
      lanesFree: this.#freeLanes.length,
      startedCount: this.#startedCount,
      memory,
    }
  }

  /** Where a task of this arrival stands or would stand: the first not before it. */
  #position(seq: number): number {
    let [low, high] = [0, this.#waiting.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#waiting[middle]!.seq < seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
