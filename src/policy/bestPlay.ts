// Which play is best, where few tasks wait: those orders are tried that are right when only lengths, only
// deadlines or only loading counts, with each number of tasks side by side; then each task at the head of
// the best, and pairs exchanged, as long as it helps.

import type { WaitingTask } from "../model/Snapshot.ts"
import { dueAtMs } from "./edf.ts"
import {
  type Course,
  isBetter,
  type Played,
  type PlayOptions,
  type PlayOrder,
  PlayOut,
} from "./PlayOut.ts"

/** More tasks than this are not played out: greedy choices then cost little of the whole. */
export const playedTasks = 12

/** Playing n tasks takes some microseconds times n squared; the work at stake is to be much more. */
const leastWorkMs = 0.25

export const isWorthPlaying = (tasks: ReadonlyArray<WaitingTask>): boolean =>
  tasks.reduce((sum, { predictedMs }) => sum + predictedMs, 0) >= leastWorkMs * tasks.length ** 2

/** Rounds in which the best course is changed in one place. */
const maxRounds = 3

const placesOf = ({ tasks }: PlayOut): ReadonlyArray<number> => [...tasks.keys()]

const by = (places: PlayOrder, key: (place: number) => number): PlayOrder => {
  const keys = new Map(places.map((place) => [place, key(place)]))
  return places.toSorted((a, b) => keys.get(a)! - keys.get(b)!)
}

/** Shortest per weight first, what a task must load included (Smith's rule). */
const byLength = (out: PlayOut): PlayOrder =>
  by(
    placesOf(out),
    (place) => (out.tasks[place]!.predictedMs + loadMsOf(out, place)) / out.weightOf(place),
  )

const loadMsOf = (out: PlayOut, place: number): number =>
  out.missingOf(place).reduce((sum, { loadMs }) => sum + loadMs, 0)

/**
 * What is loaded for one serves others: tasks that lack the same residents are a tree with the load at
 * its root, and go by the best ratio of weight to time of its beginnings (Horn, SIAM J. 23, 1972).
 */
const bySharedLoad = (out: PlayOut): PlayOrder => {
  const ratios = new Map<number, number>()
  const groups = Map.groupBy(byLength(out), (place) =>
    out
      .missingOf(place)
      .map(({ key }) => key)
      .join(),
  )
  for (const group of groups.values()) {
    const runMsOf = (place: number) => out.tasks[place]!.predictedMs
    const sorted = by(group, (place) => runMsOf(place) / out.weightOf(place))
    let left = [...sorted]
    let timeMs = loadMsOf(out, group[0]!)
    let weight = 0
    while (left.length > 0) {
      let best = { ratio: Number.POSITIVE_INFINITY, count: 0 }
      left.forEach((place, at) => {
        timeMs += runMsOf(place)
        weight += out.weightOf(place)
        if (timeMs / weight < best.ratio) best = { ratio: timeMs / weight, count: at + 1 }
      })
      for (const place of left.slice(0, best.count)) ratios.set(place, best.ratio)
      left = left.slice(best.count)
      timeMs = 0
      weight = 0
    }
  }
  return by(placesOf(out), (place) => ratios.get(place)!)
}

/** Places of the tasks that have a target which can still be met. */
const dueOf = (out: PlayOut): ReadonlySet<number> => {
  const isDue = (place: number) => dueAtMs(out.tasks[place]!) < Number.POSITIVE_INFINITY
  return new Set(placesOf(out).filter((place) => isDue(place) && !out.isLost(place)))
}

/** By deadline those that can be met, then the others as they are. */
const dueFirst = (out: PlayOut, order: PlayOrder, due: ReadonlySet<number>): PlayOrder => [
  ...by(
    order.filter((place) => due.has(place)),
    (place) => dueAtMs(out.tasks[place]!),
  ),
  ...order.filter((place) => !due.has(place)),
]

/** Of the first tasks of the order alone it is tried how much company they accept. */
const companyTried = 6

/** Steps ahead for those that would be late, all together. */
const hastenings = 16

const toHead = ({ atMost, order }: Course, at: number): Course => ({
  order: [order[at]!, ...order.slice(0, at), ...order.slice(at + 1)],
  atMost,
})

/** The task at `at` behind the next one. */
const exchanged = ({ atMost, order }: Course, at: number): Course => ({
  order: order.with(at, order[at + 1]!).with(at + 1, order[at]!),
  atMost,
})

/**
 * Who of `due` would be late goes ahead by one, and again, until it is not late or first. Answers with the bits of
 * all who were refused company.
 */
const hasten = (
  out: PlayOut,
  { course, due, played }: { course: Course; due: ReadonlySet<number>; played: Played },
  attempt: (course: Course, played: Played) => boolean,
): number => {
  let { late, refused } = played
  let at = course
  for (let turn = 0; turn < hastenings && late.length > 0; turn++) {
    const place = at.order.findIndex((task, i) => i > 0 && due.has(task) && late.includes(task))
    if (place < 0) break
    at = exchanged(at, place - 1)
    const next = out.play(at)
    attempt(at, next)
    late = next.late
    refused |= next.refused
  }
  return refused
}

/** The best play that was found, from `nowMs` on. */
export const bestPlay = (options: PlayOptions): Played => {
  const out = new PlayOut(options)
  const { lanesTotal } = options.snapshot
  const count = out.tasks.length
  const lateWeight = Number.POSITIVE_INFINITY
  let best: Played = { first: [], late: [], lateWeight, weightedMs: 0, riskMs: 0, refused: 0 }
  let course: Course = { order: [], atMost: [] }
  // Many ways lead to the same course, and none of them twice to a better play.
  const tried = new Set<string>()
  const isNew = ({ atMost, order }: Course): boolean => {
    const before = tried.size
    return tried.add(String.fromCharCode(...order, ...atMost)).size > before
  }
  const attempt = (other: Course, known: Played | null = null): boolean => {
    if (known === null && !isNew(other)) return false
    const played = known ?? out.playAgainst(other, best)
    if (played === null || !isBetter(played, best)) return false
    best = played
    course = other
    return true
  }
  const due = dueOf(out)
  const lostWeight = out.lostWeight
  const orders = [byLength(out), bySharedLoad(out)]
  for (const order of [...orders, ...orders.map((each) => dueFirst(out, each, due))]) {
    let nobodyRefused = false
    for (let most = 0; most <= lanesTotal; most++) {
      // Company paid for everybody: whether they accept any is the same.
      if (most === lanesTotal && nobodyRefused) break
      const plain = { order, atMost: order.map(() => most) }
      if (!isNew(plain)) continue
      const played = out.play(plain)
      attempt(plain, played)
      // Neither by fewer late nor by less at risk can it beat the best.
      const isHopeless =
        best.lateWeight <= lostWeight && played.weightedMs - played.riskMs >= best.weightedMs
      const refused = isHopeless
        ? played.refused
        : hasten(out, { course: plain, due, played }, attempt)
      nobodyRefused ||= most === 0 && refused === 0
    }
  }
  for (let round = 0; round < maxRounds; round++) {
    let helped = false
    for (let at = 1; at < count; at++) helped = attempt(toHead(course, at)) || helped
    // A task moves on as long as that helps.
    for (let at = 0; at < count - 1; at++) helped = attempt(exchanged(course, at)) || helped
    for (let at = 0; at < Math.min(count, companyTried); at++) {
      for (let most = 0; most <= lanesTotal; most++) {
        const { atMost, order } = course
        const place = order[at]!
        const accepts = atMost[place]!
        const wasRefused = (best.refused & (1 << place)) !== 0
        if (most === accepts) continue
        if (most === lanesTotal && accepts === 0 && !wasRefused) continue
        helped = attempt({ order, atMost: atMost.with(place, most) }) || helped
      }
    }
    if (!helped) break
  }
  return best
}
