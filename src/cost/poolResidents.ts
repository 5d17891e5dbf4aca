// The resident objects of a pool by key. The pool's own are changed in place; a copy shares the map it was
// made from and keeps the changes made since, so that a copy costs nothing and a policy pays only for
// what it tries.
import type { ResidentEntry } from "../model/MemoryView.ts"

interface OwnEntry extends ResidentEntry {
  holders: number
  lastUsed: number
}

export class PoolResidents {
  /** Of a copy: not written here. */
  #base: ReadonlyMap<string, ResidentEntry>
  /** The base where it is this one's own. */
  readonly #own: Map<string, OwnEntry> | null
  /** Of a copy; null: gone. */
  readonly #changes = new Map<string, ResidentEntry | null>()

  private constructor(base: ReadonlyMap<string, ResidentEntry>, own: Map<string, OwnEntry> | null) {
    this.#base = base
    this.#own = own
  }

  static empty(): PoolResidents {
    const own = new Map<string, OwnEntry>()
    return new PoolResidents(own, own)
  }

  /** `base` must stay as it is for as long as the copy is used. */
  static copyOf(base: ReadonlyMap<string, ResidentEntry>): PoolResidents {
    return new PoolResidents(base, null)
  }

  get(key: string): ResidentEntry | undefined {
    const changed = this.#own === null ? this.#changes.get(key) : undefined
    return changed === undefined ? this.#base.get(key) : (changed ?? undefined)
  }

  set(entry: ResidentEntry): void {
    if (this.#own === null) this.#changes.set(entry.key, entry)
    else this.#own.set(entry.key, { ...entry })
  }

  /** So many hold it now, as of `lastUsed`: an entry that `get` has given. */
  hold(entry: ResidentEntry, holders: number, lastUsed: number): void {
    if (this.#own === null) {
      const { bytes, key, offset } = entry
      this.#changes.set(key, { key, offset, bytes, holders, lastUsed })
    } else {
      const own = entry as OwnEntry
      own.holders = holders
      own.lastUsed = lastUsed
    }
  }

  delete(key: string): void {
    if (this.#own === null) this.#changes.set(key, null)
    else this.#own.delete(key)
  }

  /** A map that stays as it is while this changes. */
  freeze(): ReadonlyMap<string, ResidentEntry> {
    if (this.#own === null) return this.live()
    const frozen = new Map<string, ResidentEntry>()
    for (const [key, entry] of this.#own) frozen.set(key, { ...entry })
    return frozen
  }

  /** As it is until the next change. */
  live(): ReadonlyMap<string, ResidentEntry> {
    if (this.#changes.size > 0) {
      const merged = new Map(this.#base)
      for (const [key, entry] of this.#changes) {
        if (entry === null) merged.delete(key)
        else merged.set(key, entry)
      }
      this.#base = merged
      this.#changes.clear()
    }
    return this.#base
  }

  *entries(): IterableIterator<ResidentEntry> {
    for (const [key, entry] of this.#base) if (!this.#changes.has(key)) yield entry
    for (const entry of this.#changes.values()) if (entry !== null) yield entry
  }
}
