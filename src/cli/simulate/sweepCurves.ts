// What a picture of one point of a sweep needs, and no more: how responses are distributed, and how full
// the device was over time.
import type { RunReport } from "../../model/RunReport.ts"
import { makespanMs, taskTimes } from "../report/statistics.ts"

export interface SweepCurves {
  /** Response times and the share of completed tasks that took no longer, both ascending. */
  readonly responses: ReadonlyArray<readonly [ms: number, share: number]>
  /** From each moment on, until the next, at most so many bytes were held. */
  readonly memory: ReadonlyArray<readonly [atMs: number, bytes: number]>
  readonly budgetBytes: number
}

/** Points of one curve: a pixel each on a narrow chart. */
const maxPoints = 240

const round = (value: number): number => Math.round(value * 1e3) / 1e3

const responsesOf = ({ tasks }: RunReport): SweepCurves["responses"] => {
  const sorted = tasks
    .filter(({ status }) => status === "completed")
    .map((task) => taskTimes(task).responseMs!)
    .sort((a, b) => a - b)
  const count = Math.min(maxPoints, sorted.length)
  return Array.from({ length: count }, (_, i) => {
    const rank = Math.ceil(((i + 1) / count) * sorted.length)
    return [round(sorted[rank - 1]!), rank / sorted.length] as const
  })
}

/** The most of each of `maxPoints` stretches of time: a peak is never lost. */
const memoryOf = (report: RunReport): SweepCurves["memory"] => {
  const endMs = makespanMs(report.tasks)
  const widthMs = endMs / maxPoints
  if (widthMs === 0) return []
  const most = new Array<number>(maxPoints).fill(-1)
  const last = new Array<number>(maxPoints).fill(-1)
  for (const { atMs, usedBytesAfter } of report.memory) {
    const at = Math.min(maxPoints - 1, Math.max(0, Math.floor(atMs / widthMs)))
    most[at] = Math.max(most[at]!, usedBytesAfter)
    last[at] = usedBytesAfter
  }
  let held = 0
  return most.map((bytes, i) => {
    const highest = Math.max(bytes, held)
    if (last[i]! >= 0) held = last[i]!
    return [round(i * widthMs), highest] as const
  })
}

export const curvesOf = (report: RunReport): SweepCurves => ({
  responses: responsesOf(report),
  memory: memoryOf(report),
  budgetBytes: report.device.budgetBytes,
})
