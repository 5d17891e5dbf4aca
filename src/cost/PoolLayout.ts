// Where every byte of a device's pool is: the same code counts and places, for the ledger (which
// owns the truth) and for the policies (which try placements on a copy).
//
//   offset 0  [resident][resident]   free   [resident]   free   [arena][arena]  budget
//             residents from the low end, first fit        arenas from the high end, first fit
import type { FreeRange, MemoryView, ResidentEntry } from "../model/MemoryView.ts"
import { alignUp } from "../model/Plan.ts"
import type { ResidentNeed } from "../model/Snapshot.ts"
import { PoolFreeList } from "./poolFreeList.ts"
import { PoolHeap } from "./poolHeap.ts"
import { type Pieces, type ResidentRange, takePieces } from "./poolPieces.ts"
import { PoolResidents } from "./poolResidents.ts"

/** What a task asks of the pool; exact bytes, before alignment. */
export interface PoolNeed {
  readonly arenaBytes: number
  readonly residents: ReadonlyArray<ResidentNeed>
}

/** The caller frees `evicted`, then fills `uploads`: a key that is in both has moved. */
export interface Placement {
  readonly arena: FreeRange
  /** Every resident the task holds now, each once, in the order of its need. */
  readonly residents: ReadonlyArray<ResidentRange>
  /** Those of them that were not there. */
  readonly uploads: ReadonlyArray<ResidentRange>
  /** Keys whose ranges were taken for this task; nobody held them. */
  readonly evicted: ReadonlyArray<string>
}

/** The numbers behind a placement that failed. */
export interface Misfit {
  /** Arena and missing residents, aligned. */
  readonly bytesNeeded: number
  readonly bytesFree: number
  readonly bytesEvictable: number
  readonly largestHoleBytes: number
}

/** The needs of one task, aligned, each key once. */
interface Request {
  readonly arenaBytes: number
  readonly needs: ReadonlyMap<string, number>
  /** What is there of `needs`, in order, where that is all of it. */
  readonly there: ReadonlyArray<ResidentEntry> | null
}

/** A free list on trial, with the residents that would have to go. */
interface Trial {
  readonly free: PoolFreeList
  readonly evicted: Array<ResidentEntry>
}

export class PoolLayout {
  readonly #budgetBytes: number
  readonly #alignBytes: number
  readonly #residents: PoolResidents
  #free: PoolFreeList
  /** Stamps of recency; larger than any that was given. */
  #clock: number

  private constructor(
    view: Pick<MemoryView, "budgetBytes" | "alignBytes">,
    free: PoolFreeList,
    residents: PoolResidents,
    clock: number,
  ) {
    this.#budgetBytes = view.budgetBytes
    this.#alignBytes = view.alignBytes
    this.#free = free
    this.#residents = residents
    this.#clock = clock
  }

  static empty(budgetBytes: number, alignBytes: number): PoolLayout {
    const bytes = Math.floor(budgetBytes / alignBytes) * alignBytes
    const free = PoolFreeList.from(bytes > 0 ? [{ offset: 0, bytes }] : [])
    return new PoolLayout({ budgetBytes, alignBytes }, free, PoolResidents.empty(), 1)
  }

  /** A copy to try placements on, for as long as the view is valid. */
  static fromView(view: MemoryView): PoolLayout {
    const clock = view.clock ?? clockOf(view)
    const free = PoolFreeList.from(view.free)
    return new PoolLayout(view, free, PoolResidents.copyOf(view.residents), clock)
  }

  clone(): PoolLayout {
    const view = { budgetBytes: this.#budgetBytes, alignBytes: this.#alignBytes }
    const residents = PoolResidents.copyOf(this.#residents.freeze())
    return new PoolLayout(view, this.#free.clone(), residents, this.#clock)
  }

  /** Plain data that stays as it is while the layout changes. */
  view(): MemoryView {
    return {
      budgetBytes: this.#budgetBytes,
      alignBytes: this.#alignBytes,
      free: this.#free.ranges(),
      residents: this.#residents.freeze(),
    }
  }

  /** The same without a copy: valid until the next change. */
  liveView(): MemoryView {
    return {
      budgetBytes: this.#budgetBytes,
      alignBytes: this.#alignBytes,
      free: this.#free.ranges(),
      residents: this.#residents.live(),
      clock: this.#clock,
    }
  }

  /**
   * Places a task and raises the holders of its residents; null leaves everything as it was. Evicts
   * only ranges that nobody holds and that this task then uses, least recently used first; its own
   * residents move only when nothing else helps, so a task within the budget always fits a pool in
   * which nothing runs.
   */
  place(need: PoolNeed): Placement | null {
    const request = this.#request(need)
    return this.#placeAtHand(request) ?? this.#placeAnew(request)
  }

  /** The common case: every resident is there and a hole is large enough. */
  #placeAtHand({ arenaBytes, there }: Request): Placement | null {
    if (there === null) return null
    const offset = this.#free.takeHigh(arenaBytes)
    if (offset === null) return null
    const lastUsed = this.#clock++
    for (const entry of there) this.#residents.hold(entry, entry.holders + 1, lastUsed)
    const residents = there.map(rangeOf)
    return { arena: { offset, bytes: arenaBytes }, residents, uploads: [], evicted: [] }
  }

  #placeAnew(request: Request): Placement | null {
    const trial: Trial = { free: this.#free.clone(), evicted: [] }
    const placed = this.#attempt(request, trial) ?? this.#attemptEvicting(request, trial)
    if (placed === null) return null

    const uploads = new Map(placed.uploads.map((range) => [range.key, range]))
    const evicted = trial.evicted.filter(({ key, offset, bytes }) => {
      const upload = uploads.get(key)
      // What was given up in vain stays where it is.
      if (upload === undefined) return !trial.free.takeAt(offset, bytes)
      if (upload.offset !== offset) return true
      uploads.delete(key)
      return false
    })
    this.#free = trial.free
    for (const { key } of evicted) this.#residents.delete(key)
    return {
      arena: placed.arena,
      residents: this.#hold(request, uploads),
      uploads: [...uploads.values()],
      evicted: evicted.map(({ key }) => key),
    }
  }

  /** Raises the holders of all that the request needs. */
  #hold(
    request: Request,
    uploads: ReadonlyMap<string, ResidentRange>,
  ): ReadonlyArray<ResidentRange> {
    const lastUsed = this.#clock++
    const held: Array<ResidentRange> = []
    for (const key of request.needs.keys()) {
      const entry = this.#residents.get(key)
      const upload = uploads.get(key)
      const { offset, bytes } = upload ?? entry!
      const holders = (entry?.holders ?? 0) + 1
      if (upload === undefined) this.#residents.hold(entry!, holders, lastUsed)
      else this.#residents.set({ key, offset, bytes, holders, lastUsed })
      held.push({ key, offset, bytes })
    }
    return held
  }

  /** Gives the arena back and lets go of the residents, which stay until their room is needed. */
  release(placement: Pick<Placement, "arena" | "residents">): void {
    const lastUsed = this.#clock++
    for (const { key } of placement.residents) {
      const entry = this.#residents.get(key)
      if (entry === undefined || entry.holders < 1) throw new Error(`pool: ${key} is not held`)
      this.#residents.hold(entry, entry.holders - 1, lastUsed)
    }
    this.#free.give(placement.arena.offset, placement.arena.bytes)
  }

  /** Frees one resident object; false when it is held or not there. */
  evict(key: string): boolean {
    const entry = this.#residents.get(key)
    if (entry === undefined || entry.holders > 0) return false
    this.#residents.delete(key)
    this.#free.give(entry.offset, entry.bytes)
    return true
  }

  /** Frees every resident object that nobody holds; answers with their keys. */
  evictIdle(): ReadonlyArray<string> {
    const keys = [...this.#residents.entries()].map(({ key }) => key)
    return keys.filter((key) => this.evict(key))
  }

  explainMisfit(need: PoolNeed): Misfit {
    const request = this.#request(need)
    const missing = this.#missing(request, []).reduce((sum, [, bytes]) => sum + bytes, 0)
    let bytesEvictable = 0
    for (const { key, holders, bytes } of this.#residents.entries()) {
      if (holders === 0 && !request.needs.has(key)) bytesEvictable += bytes
    }
    return {
      bytesNeeded: request.arenaBytes + missing,
      bytesFree: this.#free.totalBytes,
      bytesEvictable,
      largestHoleBytes: this.#free.largestBytes,
    }
  }

  #request({ arenaBytes, residents }: PoolNeed): Request {
    const { list, needs } = alignedNeeds(residents, this.#alignBytes)
    const there: Array<ResidentEntry> = []
    for (const { key, bytes } of list) {
      const entry = this.#residents.get(key)
      if (entry === undefined) continue
      checkSize(key, entry.bytes, bytes)
      there.push(entry)
    }
    return {
      arenaBytes: alignUp(arenaBytes, this.#alignBytes),
      needs,
      there: there.length === list.length ? there : null,
    }
  }

  /** Residents of the request that must be uploaded, the largest first (they are hardest to fit). */
  #missing(request: Request, evicted: ReadonlyArray<ResidentEntry>): Array<[string, number]> {
    const gone = new Set(evicted.map(({ key }) => key))
    return [...request.needs]
      .filter(([key]) => gone.has(key) || this.#residents.get(key) === undefined)
      .sort(([, a], [, b]) => b - a)
  }

  #attempt(request: Request, { free, evicted }: Trial): Pieces | null {
    return takePieces(free, request.arenaBytes, this.#missing(request, evicted))
  }

  /** Gives up one idle resident after another, strangers before its own, and tries again. */
  #attemptEvicting(request: Request, trial: Trial): Pieces | null {
    const { own, strangers, strangerBytes } = this.#idle(request)
    const missing = this.#missing(request, [])
    let needed = missing.reduce((sum, [, bytes]) => sum + bytes, request.arenaBytes)
    // Its own residents add as much to what is needed as to what is free.
    if (needed > trial.free.totalBytes + strangerBytes) return null

    const largestPiece = Math.max(request.arenaBytes, missing[0]?.[1] ?? 0)
    let hole = trial.free.largestBytes
    const nextStranger = new PoolHeap(strangers, lessRecent)
    for (;;) {
      const entry = nextStranger.pop() ?? own.pop()
      if (entry === undefined) return null
      trial.evicted.push(entry)
      hole = Math.max(hole, trial.free.give(entry.offset, entry.bytes))
      if (request.needs.has(entry.key)) needed += entry.bytes
      if (hole < largestPiece || trial.free.totalBytes < needed) continue
      const placed = this.#attempt(request, trial)
      if (placed !== null) return placed
    }
  }

  /** What nobody holds: the request's own (the next to go last) and everybody else's. */
  #idle(request: Request) {
    const own: Array<ResidentEntry> = []
    const strangers: Array<ResidentEntry> = []
    let strangerBytes = 0
    for (const entry of this.#residents.entries()) {
      if (entry.holders > 0) continue
      if (request.needs.has(entry.key)) own.push(entry)
      else {
        strangers.push(entry)
        strangerBytes += entry.bytes
      }
    }
    own.sort((a, b) => (lessRecent(a, b) ? 1 : -1))
    return { own, strangers, strangerBytes }
  }
}

const clockOf = ({ residents }: MemoryView): number => {
  let clock = 1
  for (const { lastUsed } of residents.values()) clock = Math.max(clock, lastUsed + 1)
  return clock
}

const rangeOf = ({ bytes, key, offset }: ResidentEntry): ResidentRange => ({ key, offset, bytes })

const checkSize = (key: string, known: number | undefined, bytes: number): void => {
  if (known !== undefined && known !== bytes) {
    throw new Error(`pool: ${key} has ${known} bytes and ${bytes}`)
  }
}

interface AlignedNeeds extends Pick<Request, "needs"> {
  readonly alignBytes: number
  /** The same: an array is read at half the cost. */
  readonly list: ReadonlyArray<ResidentNeed>
}

/** Tasks of one kind share their list of residents. */
const alignedBefore = new WeakMap<PoolNeed["residents"], AlignedNeeds>()

/** Each key once. */
const alignedNeeds = (residents: PoolNeed["residents"], alignBytes: number): AlignedNeeds => {
  const known = alignedBefore.get(residents)
  if (known?.alignBytes === alignBytes) return known
  const needs = new Map<string, number>()
  for (const { key, bytes } of residents) {
    const aligned = alignUp(bytes, alignBytes)
    checkSize(key, needs.get(key), aligned)
    needs.set(key, aligned)
  }
  const list = [...needs].map(([key, bytes]) => ({ key, bytes }))
  const aligned = { alignBytes, needs, list }
  alignedBefore.set(residents, aligned)
  return aligned
}

/** Residents of one task share a stamp: the offset decides then, so that every copy agrees. */
const lessRecent = (a: ResidentEntry, b: ResidentEntry): boolean =>
  a.lastUsed === b.lastUsed ? a.offset < b.offset : a.lastUsed < b.lastUsed
