// Which deadlines can be promised, against trying every order of small sets and against one long line.
import { describe, expect, it } from "vitest"
import { shares } from "../../src/model/Interference.ts"
import { promiseTo } from "../../src/policy/admit.ts"
import { walkByDue } from "../../src/policy/DueWalk.ts"
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
  turnAtMs: dueAtMs,
  demand: whole,
  ...rest,
})

const never = Number.POSITIVE_INFINITY

/** From now to `endsAtMs`; it keeps its lane unless it is given a boundary. */
const run = (endsAtMs: number, rest: Partial<Underway> = {}): Underway => ({
  id: "run",
  dueAtMs: never,
  turnAtMs: rest.dueAtMs ?? never,
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
  readonly takesTurns?: boolean
}

const answer = (
  task: Promised,
  { lanes = 1, promises = [], runs = [], takesTurns = false }: Situation = {},
) => {
  const line = new PromiseLine({ ...concurrency, lanes })
  for (const each of promises) line.add(each)
  const load = { line, runs, nowMs: 0, concurrency: { ...concurrency, lanes }, takesTurns }
  return promiseTo(task, load)
}

const earliest = (task: Promised, situation: Situation = {}): number =>
  answer(task, situation).finishMs

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

  it("is in its turn, or after its deadline, where nobody goes by other turns", () => {
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

  it("is in time where its own chance to be late, and three times that of the promises behind it, are small together", () => {
    const varied = { deviationMs: 1 }
    /** So many standard deviations after it is expected, before one that has so many to spare. */
    const isPromised = (own: number, other: number, others = 1) => {
      const before = promise(10, 10 + own, varied)
      const behind = Array.from({ length: others }, (_, at) =>
        promise(10, 20 + 10 * at + other * Math.sqrt(2 + at), varied),
      )
      return earliest(before, { promises: behind }) <= before.dueAtMs
    }
    // One in ten is late beyond 1.28 deviations, a third of that beyond 1.83, a sixth of it beyond 2.13.
    expect(isPromised(1.33, 9)).toBe(true)
    expect(isPromised(1.23, 9)).toBe(false)
    expect(isPromised(9, 1.88)).toBe(true)
    expect(isPromised(9, 1.78)).toBe(false)
    expect(isPromised(1.33, 1.88)).toBe(false)
    expect(isPromised(1.75, 2.1)).toBe(true)
    expect(isPromised(9, 2.18, 2)).toBe(true)
    expect(isPromised(9, 2.18, 3)).toBe(false)
  })

  it("is past its deadline where it is told no, though it were in time by a hair", () => {
    const newcomer = promise(10, 12.1, { deviationMs: 1 })
    const behind = promise(10, 22.65, { deviationMs: 1 })
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

describe("a turn later than by the deadline, where turns are taken", () => {
  const turns = { lanes: 2, takesTurns: true }
  const lightly = (runMs: number, dueAtMs: number, rest: Partial<Promised> = {}) =>
    promise(runMs, dueAtMs, { demand: light, ...rest })

  it("is behind a promise that cannot wait for what can", () => {
    const promises = [lightly(10, 10), lightly(20, 21)]
    const behind = answer(lightly(10, 20.5), { promises, ...turns })
    expect(behind).toEqual({ finishMs: 20, turnAtMs: 21 })
    expect(answer(lightly(10, 19.5), { promises, ...turns }).finishMs).toBeGreaterThan(19.5)
  })

  it("is behind a run that cannot give it its lane", () => {
    const beside = run(6, { demand: light })
    const stoppedAt3 = (dueAtMs: number) =>
      run(20, { id: "stopped", demand: light, boundaryAtMs: 3, dueAtMs })
    const behind = { runs: [beside, stoppedAt3(20.5)], ...turns }
    expect(answer(lightly(5, 15), behind)).toEqual({ finishMs: 11, turnAtMs: 20.5 })
    const before = { runs: [beside, stoppedAt3(30)], ...turns }
    expect(answer(lightly(5, 15), before)).toEqual({ finishMs: 8, turnAtMs: 15 })
  })

  it("is behind a run whose stop a promise behind it could not bear", () => {
    const runs = [
      run(10, { demand: light }),
      run(17, { id: "stopped", demand: light, boundaryAtMs: 3, dueAtMs: 24 }),
    ]
    // Stopped, the run ends at 21, and who follows it at 30.
    const promises = [lightly(15, 34), lightly(9, 27, { turnAtMs: 34 })]
    const behind = answer(lightly(4, 17), { runs, promises, ...turns })
    expect(behind).toEqual({ finishMs: 14, turnAtMs: 24 })
  })

  it("is the one by which the least is risked", () => {
    const runs = [run(6, { demand: light })]
    // Stopped it would end at 23, and be late once in a hundred times.
    const varied = { demand: light, boundaryAtMs: 3, dueAtMs: 24, endVariance: 0.43 ** 2 }
    const stopped = run(20, { id: "stopped", ...varied })
    const situation = { runs: [...runs, stopped], ...turns }
    expect(answer(lightly(5, 15), situation)).toEqual({ finishMs: 11, turnAtMs: 24 })
    expect(answer(lightly(5, 10.5), situation)).toEqual({ finishMs: 8, turnAtMs: 10.5 })
  })

  const seed = 20261127
  it(`is only for what all can be kept with, 300 random lines on two lanes, seed ${seed}`, () => {
    const random = testRandom(seed)
    let [later, refused] = [0, 0]
    for (let turn = 0; turn < 300; turn++) {
      const line = new PromiseLine({ ...concurrency, lanes: 2 })
      const load = { line, runs: [], nowMs: 0, concurrency: { ...concurrency, lanes: 2 } }
      const taken: Array<Promised> = []
      for (let come = 0; come < 12; come++) {
        const runMs = 1 + random.int(9)
        const task = lightly(runMs, runMs * (1 + 2 * random.next()))
        const { finishMs, turnAtMs } = promiseTo(task, { ...load, takesTurns: true })
        const byDeadline = promiseTo(task, { ...load, takesTurns: false })
        if (finishMs > task.dueAtMs) {
          refused++
          expect(byDeadline.finishMs).toBeGreaterThan(task.dueAtMs)
          continue
        }
        if (turnAtMs > task.dueAtMs) later++
        line.add({ ...task, turnAtMs })
        const inTurn = line.blocks.flatMap(({ members }) =>
          members.map(({ promise: each }) => each),
        )
        taken.splice(0, taken.length, ...inTurn)
        const { chances } = walkByDue(taken, load)
        expect(chances.every((chance) => chance === 0)).toBe(true)
      }
    }
    expect(later).toBeGreaterThan(20)
    expect(refused).toBeGreaterThan(100)
  })
})

describe("the line of promises", () => {
  const seed = 7
  it(`keeps the order of turns while promises come and go, seed ${seed}`, () => {
    const random = testRandom(seed)
    const line = new PromiseLine(concurrency)
    const kept: Array<Promised> = []
    for (let turn = 0; turn < 4000; turn++) {
      if (kept.length > 0 && random.int(3) === 0) {
        const [gone] = kept.splice(random.int(kept.length), 1)
        expect(line.remove(gone!)).toBe(true)
        expect(line.remove(gone!)).toBe(false)
      } else {
        const dueAtMs = random.int(50)
        const turnAtMs = dueAtMs + (random.int(4) === 0 ? random.int(20) : 0)
        const come = promise(1 + random.int(9), dueAtMs, { turnAtMs })
        kept.push(come)
        line.add(come)
      }
    }
    const inOrder = kept.toSorted((a, b) => a.turnAtMs - b.turnAtMs || a.seq - b.seq)
    const members = line.blocks.flatMap((block) => block.members.map((member) => member.promise))
    expect(members).toEqual(inOrder)
    expect(line.first).toBe(inOrder[0])
    expect(Math.max(...line.blocks.map((block) => block.members.length))).toBeLessThan(128)
  })
})
