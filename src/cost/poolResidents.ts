// The resident objects of a pool by key: a map that is shared between copies and the changes made
// since, so that a copy costs nothing and a policy pays only for what it tries.
import type { ResidentEntry } from "../model/MemoryView.ts"

export class PoolResidents {
  /** Never written after it is here: views and copies share it. */
  #base: ReadonlyMap<string, ResidentEntry>
  /** null: gone. */
  readonly #changes: Map<string, ResidentEntry | null>

  constructor(
    base: ReadonlyMap<string, ResidentEntry>,
    changes: ReadonlyMap<string, ResidentEntry | null> = new Map(),
  ) {
    this.#base = base
    this.#changes = new Map(changes)
  }

  clone(): PoolResidents {
    return new PoolResidents(this.#base, this.#changes)
  }

  get(key: string): ResidentEntry | undefined {
    const changed = this.#changes.get(key)
    return changed === undefined ? this.#base.get(key) : (changed ?? undefined)
  }

  set(entry: ResidentEntry): void {
    this.#changes.set(entry.key, entry)
  }

  delete(key: string): void {
    this.#changes.set(key, null)
  }

  /** A map that stays as it is while this changes. */
  freeze(): ReadonlyMap<string, ResidentEntry> {
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
