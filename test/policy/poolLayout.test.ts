// The pool's layout: a model-based property over random histories, and the rules of placement and
// eviction by example.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Placement, PoolLayout, type PoolNeed } from "../../src/cost/PoolLayout.ts"
import { alignUp } from "../../src/model/Plan.ts"
import { expectSoundPool } from "./poolChecks.ts"

const align = 64
const need = (arenaBytes: number, ...residents: ReadonlyArray<[string, number]>): PoolNeed => ({
  arenaBytes,
  residents: residents.map(([key, bytes]) => ({ key, bytes })),
})

const placed = (layout: PoolLayout, ...args: Parameters<typeof need>): Placement => {
  const placement = layout.place(need(...args))
  if (placement === null) throw new Error("does not fit")
  return placement
}

describe("placing", () => {
  it("puts residents at the low end and arenas at the high end, aligned", () => {
    const layout = PoolLayout.empty(1000, align)
    const first = placed(layout, 100, ["a", 10], ["b", 70])
    expect(first.arena).toEqual({ offset: 832, bytes: 128 })
    expect(first.residents).toEqual([
      { key: "a", offset: 128, bytes: 64 },
      { key: "b", offset: 0, bytes: 128 },
    ])
    expect(first.evicted).toEqual([])
    expectSoundPool(layout.view(), [first.arena])
  })

  it("shares residents that are there and counts who holds them", () => {
    const layout = PoolLayout.empty(1024, align)
    const first = placed(layout, 64, ["a", 64])
    const second = placed(layout, 64, ["a", 64], ["b", 64])
    expect(second.uploads.map(({ key }) => key)).toEqual(["b"])
    expect(second.residents[0]).toEqual(first.residents[0])
    expect(layout.view().residents.get("a")!.holders).toBe(2)
    layout.release(first)
    layout.release(second)
    expect(layout.view().residents.get("a")!.holders).toBe(0)
  })

  it("holds a resident once for a task that names it twice", () => {
    const layout = PoolLayout.empty(1024, align)
    const placement = placed(layout, 64, ["a", 64], ["a", 64])
    expect(placement.residents).toHaveLength(1)
    layout.release(placement)
    expect(layout.evict("a")).toBe(true)
  })

  it("gives ranges of no bytes a place that takes none", () => {
    const layout = PoolLayout.empty(64, align)
    const full = placed(layout, 64)
    const empty = placed(layout, 0, ["nothing", 0])
    expect(empty.arena.bytes).toBe(0)
    expect(empty.residents).toEqual([{ key: "nothing", offset: empty.arena.offset, bytes: 0 }])
    layout.release(full)
    layout.release(empty)
    expect(layout.view().free).toEqual([{ offset: 0, bytes: 64 }])
  })

  it("answers null and changes nothing when a part does not fit", () => {
    const layout = PoolLayout.empty(512, align)
    placed(layout, 64, ["idle", 64])
    const before = layout.view()
    expect(layout.place(need(320, ["x", 64], ["y", 64]))).toBeNull()
    expect(layout.view()).toEqual(before)
    expect(layout.explainMisfit(need(320, ["x", 64], ["y", 64]))).toEqual({
      bytesNeeded: 448,
      bytesFree: 384,
      bytesEvictable: 0,
      largestHoleBytes: 384,
    })
  })

  it("throws where one key stands for two sizes", () => {
    const layout = PoolLayout.empty(512, align)
    placed(layout, 0, ["a", 64])
    expect(() => layout.place(need(0, ["a", 65]))).toThrow(/a has 64 bytes and 128/)
  })

  it("throws when more is released than was held", () => {
    const layout = PoolLayout.empty(512, align)
    const placement = placed(layout, 64, ["a", 64])
    layout.release(placement)
    expect(() => layout.release(placement)).toThrow(/a is not held/)
    const bare = placed(layout, 64)
    layout.release(bare)
    expect(() => layout.release(bare)).toThrow(/free already/)
  })
})

describe("evicting", () => {
  /** Residents a, b, c of 128 bytes side by side from offset 0, used in that order, all idle. */
  const withIdle = () => {
    const layout = PoolLayout.empty(512, align)
    for (const key of ["a", "b", "c"]) layout.release(placed(layout, 0, [key, 128]))
    return layout
  }

  it("takes the least recently used, and no more than the task needs", () => {
    const layout = withIdle()
    layout.release(placed(layout, 0, ["a", 128]))
    expect(placed(layout, 128).evicted).toEqual([])
    const arena = placed(layout, 128)
    expect(arena.evicted).toEqual(["b"])
    expect([...layout.view().residents.keys()]).toEqual(["a", "c"])
  })

  it("leaves in place what it gave up in vain for want of a neighbour", () => {
    const layout = withIdle()
    // 256 bytes in one piece: a alone is too small, a and b together are enough; then c and the tail.
    layout.release(placed(layout, 0, ["b", 128]))
    const arena = placed(layout, 256)
    expect(arena.evicted).toEqual(["c"])
    expect([...layout.view().residents.keys()].sort()).toEqual(["a", "b"])
    expectSoundPool(layout.view(), [arena.arena])
  })

  it("never takes what somebody holds or what this task needs", () => {
    const layout = withIdle()
    placed(layout, 0, ["a", 128])
    const placement = placed(layout, 256, ["b", 128])
    expect(placement.evicted).toEqual(["c"])
    expect(placement.uploads).toEqual([])
    expect(layout.place(need(64))).toBeNull()
  })

  it("moves a task's own idle resident when it lies in the way of its arena", () => {
    const layout = PoolLayout.empty(512, align)
    const below = placed(layout, 0, ["below", 192])
    layout.release(placed(layout, 0, ["own", 64]))
    layout.release(below)
    layout.evict("below")
    // own lies at 192; the largest hole beside it is 256, the arena needs 384.
    const placement = placed(layout, 384, ["own", 64])
    expect(placement.evicted).toEqual(["own"])
    expect(placement.uploads).toEqual([{ key: "own", offset: 0, bytes: 64 }])
    expect(layout.view().residents.get("own")).toMatchObject({ offset: 0, holders: 1 })
    expectSoundPool(layout.view(), [placement.arena])
  })
})

describe("views and copies", () => {
  it("stay as they are while the layout changes", () => {
    const layout = PoolLayout.empty(1024, align)
    const first = placed(layout, 64, ["a", 64])
    const view = layout.view()
    const kept = structuredClone(view)
    const copy = layout.clone()
    layout.release(first)
    placed(layout, 64, ["b", 64])
    layout.evictIdle()
    expect(view).toEqual(kept)
    expect(copy.view()).toEqual(kept)
    const other = PoolLayout.fromView(view)
    other.place(need(128, ["c", 64]))
    expect(view).toEqual(kept)
  })
})

type Step =
  | { readonly kind: "place"; readonly arena: number; readonly keys: ReadonlyArray<number> }
  | { readonly kind: "release" | "evict"; readonly pick: number }
  | { readonly kind: "evictIdle" }

const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("place" as const),
        arena: fc.integer({ min: 0, max: 900 }),
        keys: fc.array(fc.nat({ max: 11 }), { maxLength: 4 }),
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("release" as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("evict" as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("evictIdle" as const) }) },
  ),
  { maxLength: 60, size: "max" },
)

/** Key 0 has no bytes. */
const keyBytes = (key: number): number => key * 37

/** The pool and a naive account of who holds what, moved in step. */
class History {
  readonly layout: PoolLayout
  readonly live: Array<Placement> = []
  readonly #budgetBytes: number

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes
    this.layout = PoolLayout.empty(budgetBytes, align)
  }

  holders(key: string): number {
    return this.live.filter(({ residents }) => residents.some((held) => held.key === key)).length
  }

  apply(step: Step): void {
    if (step.kind === "place") this.place(step)
    else if (step.kind === "evictIdle") this.layout.evictIdle()
    else if (step.kind === "evict") {
      const key = `r${step.pick % 12}`
      const known = this.layout.view().residents.has(key)
      expect(this.layout.evict(key)).toBe(known && this.holders(key) === 0)
    } else if (this.live.length > 0) {
      const [ended] = this.live.splice(step.pick % this.live.length, 1)
      this.layout.release(ended!)
    }
    this.check()
  }

  place({ arena, keys }: Extract<Step, { kind: "place" }>): void {
    const residents = keys.map((key) => ({ key: `r${key}`, bytes: keyBytes(key) }))
    const before = this.layout.view()
    const copy = this.layout.clone()
    const placement = this.layout.place({ arenaBytes: arena, residents })
    expect(copy.place({ arenaBytes: arena, residents })).toEqual(placement)
    expect(PoolLayout.fromView(before).place({ arenaBytes: arena, residents })).toEqual(placement)
    if (placement === null) {
      expect(this.layout.view()).toEqual(before)
      const unique = new Map(residents.map(({ key, bytes }) => [key, alignUp(bytes, align)]))
      const footprint = [...unique.values()].reduce((a, b) => a + b, alignUp(arena, align))
      const usable = Math.floor(this.#budgetBytes / align) * align
      // Where nothing runs, all that the budget can hold is placed.
      expect(this.live.length > 0 || footprint > usable).toBe(true)
      return
    }
    for (const key of placement.evicted) expect(this.holders(key)).toBe(0)
    for (const { key } of placement.uploads) {
      expect(!before.residents.has(key) || placement.evicted.includes(key)).toBe(true)
    }
    expect(placement.residents.map(({ key }) => key)).toEqual([
      ...new Set(residents.map(({ key }) => key)),
    ])
    expect(placement.arena.bytes).toBe(alignUp(arena, align))
    this.live.push(placement)
  }

  check(): void {
    const view = this.layout.view()
    expectSoundPool(
      view,
      this.live.map(({ arena }) => arena),
    )
    for (const { key, holders } of view.residents.values()) expect(holders).toBe(this.holders(key))
    for (const { residents } of this.live) {
      for (const { key, offset, bytes } of residents) {
        expect(view.residents.get(key)).toMatchObject({ offset, bytes })
      }
    }
  }
}

it("keeps the pool sound over random histories, and whole again at their end", {
  timeout: 120_000,
}, () => {
  fc.assert(
    fc.property(fc.integer({ min: 64, max: 4000 }), steps, (budgetBytes, history) => {
      const pool = new History(budgetBytes)
      for (const step of history) pool.apply(step)
      for (const placement of pool.live) pool.layout.release(placement)
      pool.layout.evictIdle()
      const bytes = Math.floor(budgetBytes / align) * align
      expect(pool.layout.view()).toMatchObject({ free: [{ offset: 0, bytes }] })
      expect(pool.layout.view().residents.size).toBe(0)
    }),
    { numRuns: 1000 },
  )
})
