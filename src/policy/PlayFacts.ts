// What all plays of a decision have in common: of each task its weight, its target, its bytes and what it lacks,
// of each run where it is.
import { PoolFreeList } from "../cost/poolFreeList.ts"
import { alignUp } from "../model/Plan.ts"
import type { Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { dueAtMs } from "./edf.ts"
import { progressOf } from "./runProgress.ts"
import { SideBySide } from "./SideBySide.ts"

/** What counts as no time. */
export const toleranceMs = 1e-9

/** What a task lacks: a slot for each resident that some task lacks, and what loading it takes. */
export interface Load {
  readonly key: string
  readonly slot: number
  readonly loadMs: number
}

export interface FactsOptions {
  readonly snapshot: Snapshot
  readonly tasks: ReadonlyArray<WaitingTask>
  readonly nowMs: number
  /** A target is at risk when less than this part of it is to spare. */
  readonly sparePart: number
}

export class PlayFacts {
  // By place: of those that wait, then of those that run.
  readonly weights: Array<number> = []
  /** Infinite without a target. */
  readonly dueMs: Array<number> = []
  readonly targetMs: Array<number> = []
  /** What there should be to spare. */
  readonly spareMs: Array<number> = []
  readonly arenaBytes: Array<number> = []
  readonly company: SideBySide
  /** Of each task, the residents that are not on the device yet. */
  readonly missing: ReadonlyArray<ReadonlyArray<Load>>
  /** By slot: when what is being loaded will be there; NaN: nobody has begun. */
  readonly onTheWay: Float64Array
  readonly linkFreeMs: number
  // Of each run: when it begins, what is left of it, where its arena lies (NaN: unknown).
  readonly readyMs: ReadonlyArray<number>
  readonly leftMs: ReadonlyArray<number>
  readonly arenaOffset: ReadonlyArray<number>
  /** What nobody holds now; to be copied. null: all that waits fits at once, wherever it lies. */
  readonly free: PoolFreeList | null

  constructor({ nowMs, snapshot, sparePart, tasks }: FactsOptions) {
    const { interference, memory, running, tenants } = snapshot
    const bytesOf = (bytes: number) => alignUp(bytes, memory.alignBytes)
    for (const task of tasks) {
      const targetMs = task.qosTargetMs ?? 0
      this.weights.push(tenants.get(task.tenant)?.weight ?? 1)
      this.dueMs.push(dueAtMs(task))
      this.targetMs.push(targetMs)
      this.spareMs.push(sparePart * targetMs)
      this.arenaBytes.push(bytesOf(task.arenaBytes))
    }
    for (const { arena, stop, tenant } of running) {
      this.weights.push(tenants.get(tenant)?.weight ?? 1)
      this.dueMs.push(stop?.dueAtMs ?? Number.POSITIVE_INFINITY)
      this.targetMs.push(0)
      this.spareMs.push(0)
      this.arenaBytes.push(arena?.bytes ?? 0)
    }
    const onTheWay = new Map<string, number>()
    let linkFreeMs = 0
    for (const { brings = [], loadMs, startedAtMs } of running) {
      const atMs = startedAtMs + loadMs
      if (atMs > nowMs) for (const key of brings) onTheWay.set(key, atMs)
      linkFreeMs = Math.max(linkFreeMs, atMs)
    }
    const slots = new Map<string, number>()
    this.missing = tasks.map(({ residents }) =>
      residents
        .filter(({ key }) => onTheWay.has(key) || !memory.residents.has(key))
        .map(({ bytes, key }) => {
          const slot = slots.get(key) ?? slots.size
          slots.set(key, slot)
          return { key, slot, loadMs: bytes / snapshot.loadBytesPerMs }
        }),
    )
    this.onTheWay = Float64Array.from(slots.keys(), (key) => onTheWay.get(key) ?? Number.NaN)
    this.linkFreeMs = linkFreeMs
    this.company = new SideBySide(
      [...tasks, ...running].map(({ demand }) => demand),
      interference,
    )
    const runs = progressOf(snapshot, nowMs)
    this.readyMs = runs.map(({ task }) => Math.max(nowMs, task.startedAtMs + task.loadMs))
    this.leftMs = runs.map(({ endsAtMs, slowdown }, at) =>
      Math.max(toleranceMs, (endsAtMs - this.readyMs[at]!) / slowdown),
    )
    this.arenaOffset = running.map(({ arena }) => arena?.offset ?? Number.NaN)
    const free = PoolFreeList.from(memory.free)
    for (const { bytes, holders, offset } of memory.residents.values()) {
      if (holders === 0) free.give(offset, bytes)
    }
    const wanted = this.arenaBytes.slice(0, tasks.length).reduce((sum, bytes) => sum + bytes, 0)
    this.free = wanted <= free.largestBytes ? null : free
  }

  /** From 0 to 1: how much of what was to spare before the target is used up. */
  riskOf(place: number, endMs: number): number {
    const dueMs = this.dueMs[place]!
    const spareMs = this.spareMs[place]!
    return endMs <= dueMs - spareMs ? 0 : Math.min(1, (endMs - dueMs + spareMs) / spareMs)
  }
}
