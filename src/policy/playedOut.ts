// What `slo` starts where few tasks wait: the first step of the best play to the end.
import { PoolLayout } from "../cost/PoolLayout.ts"
import type { Decision, Snapshot, WaitingTask } from "../model/Snapshot.ts"
import { bestPlay, isWorthPlaying, playedTasks } from "./bestPlay.ts"
import { mostInPlay } from "./PlayOut.ts"
import { patienceOf, sparePart } from "./patience.ts"
import { TenantShares } from "./TenantShares.ts"

/** The waiting tasks of tenants within their share; all where there is no other. */
const withinShare = (snapshot: Snapshot): ReadonlyArray<WaitingTask> => {
  const shares = new TenantShares(snapshot)
  const within = [...snapshot.waiting].filter((task) => shares.isWithin(task))
  return within.length > 0 ? within : [...snapshot.waiting]
}

/** It has no room now, and a smaller plan: plays know the largest of each task alone. */
const mayShrink = (task: WaitingTask, { memory }: Snapshot): boolean =>
  task.options !== undefined &&
  PoolLayout.fromView(memory).place(task) === null &&
  task.options.all.length > 1

/** Plays that are begun anew because the pool, fragmented as it is, had no room for one of them. */
const maxRetries = 3

/**
 * Few wait: what is to start now by the best play to the end, or null where greed decides: many wait,
 * somebody has lost patience, or it does not fit after all.
 */
export const playedOut = (snapshot: Snapshot, nowMs: number): Decision | null => {
  const { lanesFree, memory, mode, running, waiting } = snapshot
  if (mode === "groups" || lanesFree === 0) return null
  if (waiting.length === 0 || waiting.length > playedTasks) return null
  if (waiting.length + running.length > mostInPlay) return null
  const tasks = withinShare(snapshot)
  if (!isWorthPlaying(tasks) || tasks.some((task) => mayShrink(task, snapshot))) return null
  const lostPatience = (task: WaitingTask) => nowMs - task.submittedAtMs > patienceOf(task) / 2
  if ([...waiting].some(lostPatience)) return null
  const roomless = new Set<number>()
  let first: ReadonlyArray<number>
  let layout: PoolLayout
  for (;;) {
    ;({ first } = bestPlay({ snapshot, tasks, nowMs, sparePart, roomless }))
    layout = PoolLayout.fromView(memory)
    const stuck = first.find((place) => layout.place(tasks[place]!) === null)
    if (stuck === undefined) break
    if (running.length === 0 || roomless.size === maxRetries || roomless.has(stuck)) return null
    roomless.add(stuck)
  }
  if (first.length === 0 && running.length === 0) return null
  const start = first.slice(0, lanesFree).map((place) => tasks[place]!.id)
  const next = tasks.find(({ id }) => !start.includes(id))
  if (next === undefined) return { start, blocked: null, thresholdBytes: null }
  /** Beside those that start. */
  const fits = () => layout.place(next) !== null
  const reason = start.length === lanesFree ? "lane" : fits() ? "interference" : "memory"
  return { start, blocked: { id: next.id, reason }, thresholdBytes: null }
}
