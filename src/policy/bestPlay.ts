// Which play is best, where few tasks wait: those orders are tried that are right when only lengths, only
// deadlines or only loading counts, with each number of tasks side by side; then each task at the head of
// the best, and pairs exchanged, as long as it helps.
import { isBetter, type Played, PlayOut, type PlayOptions, type PlayOrder } from "./PlayOut.ts"
import { dueAtMs } from "./edf.ts"

/** More tasks than this are not played out: greedy choices then cost little of the whole. */
export const playedTasks = 16

/** Rounds in which the best order is changed in one place. */
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
    out.missingOf(place).map(({ key }) => key).join(),
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

/** By deadline those that can be met, then the others as they are. */
const dueFirst = (out: PlayOut, order: PlayOrder, nowMs: number): PlayOrder => {
  const isDue = (place: number) => {
    const due = dueAtMs(out.tasks[place]!)
    return due < Number.POSITIVE_INFINITY && due - out.tasks[place]!.predictedMs >= nowMs
  }
  const due = order.filter(isDue)
  return [...by(due, (place) => dueAtMs(out.tasks[place]!)), ...order.filter((p) => !isDue(p))]
}

/** Changes of an order in one place: a task to the head, or two exchanged. */
function* neighbours(order: PlayOrder): Generator<PlayOrder> {
  for (let at = 1; at < order.length; at++) {
    yield [order[at]!, ...order.slice(0, at), ...order.slice(at + 1)]
    const swapped = [...order]
    swapped[at] = order[at - 1]!
    swapped[at - 1] = order[at]!
    if (at > 1) yield swapped
  }
}

/** The best play that was found, from `nowMs` on. */
export const bestPlay = (options: PlayOptions): Played => {
  const out = new PlayOut(options)
  const { lanesTotal } = options.snapshot
  let best: Played = { first: [], lateWeight: Number.POSITIVE_INFINITY, weightedMs: 0 }
  let bestOrder: PlayOrder = []
  let bestAtOnce = 1
  const attempt = (order: PlayOrder, atOnce: number): boolean => {
    const played = out.play(order, atOnce)
    if (!isBetter(played, best)) return false
    best = played
    bestOrder = order
    bestAtOnce = atOnce
    return true
  }
  const orders = [byLength(out), bySharedLoad(out)]
  for (const order of [...orders, ...orders.map((each) => dueFirst(out, each, options.nowMs))]) {
    for (let atOnce = 1; atOnce <= lanesTotal; atOnce++) attempt(order, atOnce)
  }
  for (let round = 0; round < maxRounds; round++) {
    let helped = false
    const from = bestOrder
    for (const order of neighbours(from)) {
      for (let atOnce = Math.max(1, bestAtOnce - 1); atOnce <= lanesTotal; atOnce++) {
        helped = attempt(order, atOnce) || helped
      }
    }
    if (!helped) break
  }
  return best
}
