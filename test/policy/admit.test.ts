// Which deadlines can be promised, against trying every order of small sets and against one long line.
import { describe, expect, it } from "vitest"
import { shares } from "../../src/model/Interference.ts"
import { earliestFinishMs } from "../../src/policy/admit.ts"
import { type Promised, PromiseLine } from "../../src/policy/PromiseLine.ts"
import { sureness } from "../../src/policy/sureness.ts"
import type { Underway } from "../../src/policy/underway.ts"
import { testRandom } from "../support/random.ts"

/** Keeps the device busy alone. */
const whole = { bandwidth: 1, compute: 0 }
/** Leaves room for others on other lanes. */
const light = { bandwidth: 0, compute: 0 }

let arrivals = 0
const promise = (runMs: number, dueAtMs: number, rest: Partial<Promised> = {}): Promised => ({
  seq: arrivals++,
  runMs,
  deviationMs: 0,
  dueAtMs,
  demand: whole,
  ...rest,
})

const never = Number.POSITIVE_INFINITY

/** From now to `endsAtMs`; it keeps its lane unless it is given a boundary. */
const run = (endsAtMs: number, rest: Partial<Underway> = {}): Underway => ({
  id: "run",
  dueAtMs: never,
  demand: whole,
  slowdown: 1,
  endsAtMs,
  endVariance: 0,
  boundaryAtMs: null,
  boundaryVariance: 0,
  isStopping: false,
  ...rest,
})

const concurrency = { lanes: 1, interference: shares }

interface Situation {
  readonly promises?: ReadonlyArray<Promised>
  readonly runs?: ReadonlyArray<Underway>
  readonly lanes?: number
}

const earliest = (task: Promised, { lanes = 1, promises = [], runs = [] }: Situation = {}) => {
  const line = new PromiseLine({ ...concurrency, lanes })
  for (const each of promises) line.add(each)
  return earliestFinishMs(task, { line, runs, nowMs: 0, concurrency: { ...concurrency, lanes } })
}

const permutations = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, at) =>
        permutations(items.filter((_, other) => other !== at)).map((rest) => [item, ...rest]),
      )

/** The least end of the newcomer over all orders in which every promise is kept. */
const leastEnd = (newcomer: Promised, promises: ReadonlyArray<Promised>): number => {
  let least = never
  for (const order of permutations([...promises, newcomer])) {
    let at = 0
    let end = 0
    const kept = order.every((task) => {
      at += task.runMs
      if (task === newcomer) end = at
      return task === newcomer || at <= task.dueAtMs
    })
    if (kept) least = Math.min(least, end)
  }
  return least
}

/** The same for one lane and any number: behind the last promise that cannot wait for it. */
const leastEndInLine = (newcomer: Promised, promises: ReadonlyArray<Promised>): number => {
  let end = 0
  let place = 0
  const ends = promises.map(({ runMs }) => {
    end += runMs
    return end
  })
  promises.forEach(({ dueAtMs }, at) => {
    if (ends[at]! + newcomer.runMs > dueAtMs) place = at + 1
  })
  return (ends[place - 1] ?? 0) + newcomer.runMs
}

describe("the earliest end that can be promised", () => {
  it("is at once on an idle device, behind what keeps its lane on a busy one", () => {
    expect(earliest(promise(5, 0))).toBe(5)
    expect(earliest(promise(5, 0), { runs: [run(7)] })).toBe(12)
    const beside = { runs: [run(7, { demand: light })], lanes: 2 }
    expect(earliest(promise(5, 0, { demand: light }), beside)).toBe(5)
  })

  it("comes before promises that can wait and after those that cannot", () => {
    expect(earliest(promise(5, 0), { promises: [promise(10, 100)] })).toBe(5)
    expect(earliest(promise(5, 0), { promises: [promise(10, 12)] })).toBe(15)
    const both = [promise(10, 12), promise(10, 50)]
    expect(earliest(promise(5, 0), { promises: both })).toBe(15)
  })

  it("does not keep room for a promise that is lost anyway", () => {
    expect(earliest(promise(5, 0), { promises: [promise(10, 3)] })).toBe(5)
  })

  it("comes at an operator boundary of a run that can wait for it", () => {
    const stoppable = run(20, { boundaryAtMs: 3, dueAtMs: 30 })
    expect(earliest(promise(5, 10), { runs: [stoppable] })).toBe(8)
    expect(earliest(promise(15, 20), { runs: [stoppable] })).toBe(35)
    expect(earliest(promise(5, 10), { runs: [run(20, { boundaryAtMs: 3 })] })).toBe(8)
  })

  it("does not come before a promise that a stopped run would then make late", () => {
    const runs = [run(20, { boundaryAtMs: 3, dueAtMs: 24 })]
    const promises = [promise(4, 28)]
    expect(earliest(promise(3, 10), { runs, promises })).toBe(6)
    expect(earliest(promise(5, 10), { runs, promises })).toBe(29)
  })

  it("is not beside a promise or a run that its company would make late", () => {
    const half = { bandwidth: 0.75, compute: 0 }
    const newcomer = promise(10, 100, { demand: half })
    const tight = { promises: [promise(10, 12, { demand: half })], lanes: 2 }
    expect(earliest(newcomer, tight)).toBeGreaterThan(100)
    const wide = { promises: [promise(10, 15, { demand: half })], lanes: 2 }
    expect(earliest(newcomer, wide)).toBe(15)
    const runs = (dueAtMs: number) => [run(10, { dueAtMs, demand: half })]
    expect(earliest(newcomer, { runs: runs(12), lanes: 2 })).toBeGreaterThan(100)
    expect(earliest(newcomer, { runs: runs(15), lanes: 2 })).toBe(15)
  })

  it("is in its turn, or after its deadline: out of its turn nobody runs it", () => {
    // Two lanes: behind the long one it would be in time, and before it the long one is late.
    const light20 = promise(20, 21, { demand: light })
    const promises = [promise(10, 10, { demand: light }), light20]
    const newcomer = (dueAtMs: number) => promise(10, dueAtMs, { demand: light })
    expect(earliest(newcomer(20.5), { promises, lanes: 2 })).toBeGreaterThan(20.5)
    expect(earliest(newcomer(22), { promises, lanes: 2 })).toBe(20)
  })

  it("keeps free what many together vary by, which is less than the sum of what each does", () => {
    const varied = { deviationMs: 1 }
    expect(earliest(promise(10, 0, varied))).toBeCloseTo(10 + sureness, 9)
    const promises = Array.from({ length: 8 }, () => promise(10, 10, varied))
    const nine = earliest(promise(10, 200, varied), { promises })
    expect(nine).toBeCloseTo(90 + sureness * 3, 9)
  })

  it("is in time where its own chance to be late, and that of the promises behind it, are small together", () => {
    const varied = { deviationMs: 1 }
    /** So many standard deviations after it is expected, before one that has so many to spare. */
    const isPromised = (own: number, other: number, others = 1) => {
      const before = promise(10, 10 + own, varied)
      const behind = Array.from({ length: others }, (_, at) =>
        promise(10, 20 + 10 * at + other * Math.sqrt(2 + at), varied),
      )
      return earliest(before, { promises: behind }) <= before.dueAtMs
    }
    // Three in a hundred are late beyond 1.88 deviations, half of that beyond 2.17, a third beyond 2.33.
    expect(isPromised(1.93, 9)).toBe(true)
    expect(isPromised(1.83, 9)).toBe(false)
    expect(isPromised(9, 1.93)).toBe(true)
    expect(isPromised(9, 1.83)).toBe(false)
    expect(isPromised(1.93, 1.93)).toBe(false)
    expect(isPromised(2.22, 2.22)).toBe(true)
    expect(isPromised(9, 2.22, 2)).toBe(true)
    expect(isPromised(9, 2.22, 3)).toBe(false)
  })

  it("is past its deadline where it is told no, though it were in time by a hair", () => {
    const newcomer = promise(10, 12.1, { deviationMs: 1 })
    const behind = promise(10, 22.9, { deviationMs: 1 })
    const told = earliest(newcomer, { promises: [behind] })
    expect(told).toBeGreaterThan(12.1)
    expect(told).toBeCloseTo(12.1, 5)
  })

  const seed = 20261124
  it(`is the least over all orders on one lane, 300 random loads, seed ${seed}`, () => {
    const random = testRandom(seed)
    for (let turn = 0; turn < 300; turn++) {
      let work = 0
      const promises = Array.from({ length: 1 + random.int(5) }, () => {
        const runMs = 1 + random.int(9)
        work += runMs
        return promise(runMs, work + random.int(12))
      }).sort((a, b) => a.dueAtMs - b.dueAtMs)
      const newcomer = promise(1 + random.int(9), 0)
      expect(earliest(newcomer, { promises })).toBe(leastEnd(newcomer, promises))
    }
  })

  it(`is the same in long lines, 100 of up to 1,000 promises, seed ${seed}`, () => {
    const random = testRandom(seed)
    for (let turn = 0; turn < 100; turn++) {
      let work = 0
      const promises = Array.from({ length: 1 + random.int(1000) }, () => {
        const runMs = 1 + random.int(9)
        work += runMs
        return promise(runMs, work + random.int(40))
      }).sort((a, b) => a.dueAtMs - b.dueAtMs)
      const newcomer = promise(1 + random.int(20), 0)
      expect(earliest(newcomer, { promises })).toBe(leastEndInLine(newcomer, promises))
    }
  })
})

describe("the line of promises", () => {
  const seed = 7
  it(`keeps the order of deadlines while promises come and go, seed ${seed}`, () => {
    const random = testRandom(seed)
    const line = new PromiseLine(concurrency)
    const kept: Array<Promised> = []
    for (let turn = 0; turn < 4000; turn++) {
      if (kept.length > 0 && random.int(3) === 0) {
        const [gone] = kept.splice(random.int(kept.length), 1)
        expect(line.remove(gone!)).toBe(true)
        expect(line.remove(gone!)).toBe(false)
      } else {
        const come = promise(1 + random.int(9), random.int(50))
        kept.push(come)
        line.add(come)
      }
    }
    const inOrder = kept.toSorted((a, b) => a.dueAtMs - b.dueAtMs || a.seq - b.seq)
    const members = line.blocks.flatMap((block) => block.members.map((member) => member.promise))
    expect(members).toEqual(inOrder)
    expect(line.first).toBe(inOrder[0])
    expect(Math.max(...line.blocks.map((block) => block.members.length))).toBeLessThan(128)
  })
})
