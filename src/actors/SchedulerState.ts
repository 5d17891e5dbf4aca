// What the scheduler knows between messages, and the moves on it; no effects. It answers "may I
// decide now?" and "what does the policy see?"; the actor applies what the policy says.
import type { DeviceProfile } from "../cost/DeviceProfile.ts"
import { type InterferenceModel, shares } from "../model/Interference.ts"
import type { FreeRange, MemoryView } from "../model/MemoryView.ts"
import type { TenantInfo } from "../model/RunReport.ts"
import type {
  ResidentNeed,
  RunningTask,
  SchedulingMode,
  Snapshot,
  Stoppable,
  WaitingTask,
} from "../model/Snapshot.ts"
import type { WaitingTasks } from "../model/WaitingTasks.ts"
import { dominanceOf } from "../policy/dominance.ts"
import { WaitingQueue } from "../policy/WaitingQueue.ts"
import type { LiveTask, Party } from "./LiveTask.ts"
import { waitingOf } from "./PausedTask.ts"
import { answeredBy } from "./SharedRun.ts"
import { SharedWork } from "./SharedWork.ts"
import { TenantService } from "./TenantService.ts"

/** What is known of a run as it begins. */
interface StartedWith {
  readonly arena?: FreeRange
  /** What it brings to the device first. */
  readonly uploads?: ReadonlyArray<ResidentNeed>
  /** Others bring what it needs. */
  readonly waitsForLoads?: boolean
  /** What stopping it would mean. */
  readonly stop?: Stoppable | null
}

type Mutable<A> = { -readonly [Key in keyof A]: A[Key] }

interface StateOptions {
  readonly budgetBytes?: number
  /** Deadlines are promises. */
  readonly firm?: boolean
  /** What a run costs beside what is predicted. */
  readonly overheadMs?: () => number
  /** What is known of how far a run has come. */
  readonly progressOf?: (run: RunningTask) => Pick<RunningTask, "doneMs" | "left" | "progress">
  /** Called for each run when there is something to decide. */
  readonly watch?: (run: RunningTask) => void
}

export class SchedulerState {
  readonly mode: SchedulingMode
  readonly shared = new SharedWork()
  readonly #waiting = new WaitingQueue()
  readonly #service: TenantService
  /** In the order in which they began; how far each has come is written here when somebody looks. */
  readonly #running: Array<Mutable<RunningTask>> = []
  /** Of the waiting, those that hold their memory. */
  readonly #paused = new Set<WaitingTask>()
  readonly #loadBytesPerMs: number
  readonly #budgetBytes: number
  readonly #firm: boolean
  readonly #overheadMs: () => number
  readonly #progressOf: NonNullable<StateOptions["progressOf"]>
  readonly #watch: StateOptions["watch"]
  /** As predicted: when all is loaded that was to be. */
  #linkFreeAtMs = 0
  readonly #interference: InterferenceModel
  readonly #freeLanes: Array<number> = []
  #lanesUp = 0
  #startedCount = 0
  /**
   * Groups mode: accepted tasks that were not ready when the device fell idle. The next group waits
   * for them, and for no later ones, so a group is formed from everything that had arrived.
   */
  #settling: Set<number> | null = null

  constructor(
    mode: SchedulingMode,
    tenants: ReadonlyArray<TenantInfo>,
    profile: Pick<DeviceProfile, "hostBytesPerSecond" | "interference"> = {},
    {
      budgetBytes = Number.POSITIVE_INFINITY,
      firm = false,
      overheadMs = () => 0,
      progressOf = () => ({}),
      watch,
    }: StateOptions = {},
  ) {
    this.#budgetBytes = budgetBytes
    this.#firm = firm
    this.#overheadMs = overheadMs
    this.#progressOf = progressOf
    this.#watch = watch
    this.mode = mode
    this.#loadBytesPerMs = (profile.hostBytesPerSecond ?? Number.POSITIVE_INFINITY) / 1000
    this.#interference = profile.interference ?? shares
    this.#service = new TenantService(tenants)
  }

  get lanesUp(): number {
    return this.#lanesUp
  }

  /** Valid until the next change. */
  get waiting(): WaitingTasks {
    return this.#waiting
  }

  /** In order of arrival. */
  get paused(): ReadonlyArray<WaitingTask> {
    return [...this.#paused].sort((a, b) => a.seq - b.seq)
  }

  get running(): number {
    return this.#running.length
  }

  /** With how far each has come by now; valid until the next change. */
  get runs(): ReadonlyArray<RunningTask> {
    for (const run of this.#running) {
      const { doneMs, left, progress } = this.#progressOf(run)
      run.doneMs = doneMs
      run.left = left
      run.progress = progress
    }
    return this.#running
  }

  laneUp(lane: number): void {
    this.#lanesUp++
    this.#freeLanes.push(lane)
    this.#freeLanes.sort((a, b) => a - b)
  }

  ready(task: LiveTask): void {
    this.#settling?.delete(task.seq)
    this.#waiting.add(waitingOf(task))
    if (task.pause !== null) this.#paused.add(task.pause.waiting)
    else this.shared.enter(task)
    this.#service.enter(task.spec.tenant)
  }

  /** The task ended before it was ready. */
  dropped(task: LiveTask): void {
    this.#settling?.delete(task.seq)
  }

  /** Takes a task out of the waiting ones; false when it is not there. */
  remove(task: LiveTask): boolean {
    const removed = this.#takeOut(task)
    if (removed) this.#service.leave(task.spec.tenant)
    return removed
  }

  #takeOut(task: LiveTask): boolean {
    if (task.prepared === null || !this.#waiting.remove(waitingOf(task))) return false
    this.#paused.delete(waitingOf(task))
    this.shared.leave(task)
    return true
  }

  /**
   * Takes out what is to start now, with those that ask for the same. `begin`, and then `started` or
   * `notStarted`, follow for each.
   */
  take(chosen: Iterable<Pick<Party, "plan"> & { readonly task: LiveTask }>): ReadonlyArray<Party> {
    const parties: Array<Party> = []
    const along = new Set<LiveTask>()
    for (const { plan, task } of chosen) {
      if (along.has(task)) continue
      if (!this.#takeOut(task)) {
        throw new Error(`the policy started ${task.spec.id}, which does not wait`)
      }
      const same = this.shared.sameAs(task)
      for (const other of same) {
        this.#takeOut(other)
        along.add(other)
      }
      parties.push({ leader: task, plan, same })
    }
    return parties
  }

  /** The run takes along whom else it answers. */
  begin(run: LiveTask): void {
    for (const task of answeredBy(run)) this.#takeOut(task)
    this.shared.begin(run)
  }

  /** A run that would have answered these found no memory. */
  notStarted(answered: ReadonlyArray<LiveTask>): void {
    for (const { spec } of answered) this.#service.leave(spec.tenant)
  }

  /** A running task's answer is no longer wanted; others still want theirs. */
  left(task: LiveTask): void {
    this.#service.leave(task.spec.tenant)
  }

  started(
    task: LiveTask,
    startedAtMs: number,
    { arena, stop, uploads = [], waitsForLoads = false }: StartedWith = {},
  ): number {
    const lane = this.#freeLanes.shift()
    if (lane === undefined) throw new Error(`task ${task.spec.id}: started without a free lane`)
    const { demand, predictedMs } = waitingOf(task)
    const { footprintBytes } = task.prepared!.waiting
    const { id, tenant } = task.spec
    this.#startedCount++
    let loadBytes = 0
    for (const { bytes } of uploads) loadBytes += bytes
    const loadsFromMs = Math.max(startedAtMs, this.#linkFreeAtMs)
    if (loadBytes > 0) this.#linkFreeAtMs = loadsFromMs + loadBytes / this.#loadBytesPerMs
    const waits = loadBytes > 0 || waitsForLoads
    const loadMs = waits ? Math.max(0, this.#linkFreeAtMs - startedAtMs) : 0
    const running: Mutable<RunningTask> = {
      id,
      tenant,
      lane,
      startedAtMs,
      loadMs,
      predictedMs,
      footprintBytes,
      demand,
      doneMs: undefined,
      progress: undefined,
    }
    if (arena !== undefined) running.arena = arena
    if (uploads.length > 0) running.brings = uploads.map(({ key }) => key)
    if (stop != null) running.stop = stop
    this.#running.push(running)
    return lane
  }

  /** It gives its lane to `urgentId` at its next operator boundary. */
  stopping(id: string, urgentId: string): void {
    const at = this.#placeOf(id)
    const running = this.#running[at]!
    this.#running[at] = { ...running, stop: { ...running.stop!, stoppingFor: urgentId } }
  }

  /** The task no longer runs; its lane is free only after `laneUp`. */
  finished(task: LiveTask, nowMs: number): number {
    const [running] = this.#running.splice(this.#placeOf(task.spec.id), 1) as [RunningTask]
    const device = { budgetBytes: this.#budgetBytes, lanes: this.#lanesUp }
    const servedMs = (nowMs - running.startedAtMs) * dominanceOf(running.footprintBytes, device)
    const answered = answeredBy(task)
    for (const { spec } of answered) {
      this.#service.served(spec.tenant, servedMs / answered.length)
      this.#service.leave(spec.tenant)
    }
    this.#lanesUp--
    return running.lane
  }

  #placeOf(id: string): number {
    return this.#running.findIndex((running) => running.id === id)
  }

  /**
   * Continuous: as soon as a lane is free and something waits. Groups: only when nothing runs, and
   * every task that had been accepted when the device fell idle is ready or gone.
   */
  mayDecide(unsettled: () => Iterable<number>): boolean {
    if (this.#freeLanes.length === 0 || this.#waiting.length === 0) return false
    if (this.mode === "continuous") return true
    if (this.#running.length > 0) return false
    this.#settling ??= new Set(unsettled())
    if (this.#settling.size > 0) return false
    this.#settling = null
    return true
  }

  /** Something waits behind tasks that run, one of which might give its lane. */
  get isFull(): boolean {
    return this.#freeLanes.length === 0 && this.#running.length > 0 && this.#waiting.length > 0
  }

  /** Plain data for one decision: its lists are valid until the next change. */
  snapshot(memory: MemoryView): Snapshot {
    for (const run of this.#running) this.#watch?.(run)
    return {
      mode: this.mode,
      waiting: this.#waiting,
      running: this.runs,
      lanesTotal: this.#lanesUp,
      lanesFree: this.#freeLanes.length,
      firm: this.#firm,
      overheadMs: this.#overheadMs(),
      startedCount: this.#startedCount,
      memory,
      loadBytesPerMs: this.#loadBytesPerMs,
      interference: this.#interference,
      tenants: this.#service.shares,
      maxWeight: this.#service.maxWeight,
      byService: this.#service.byService,
    }
  }
}
