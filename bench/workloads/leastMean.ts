// What no order of a task list can go below, on a device that holds nothing yet: how much room there is for a
// better scheduler.
import {
  configOf,
  filledIn,
  type ListOptions,
  loadMs,
  planOf,
  rowsOf,
  shapeOf,
} from "./makeCognn.ts"

interface ListedTask {
  readonly runMs: number
  /** Its part of the link's time: a resident counts in equal parts for the tasks that need it. */
  readonly linkMs: number
  /** Its time on the device's memory and on its arithmetic, were it alone there at full speed. */
  readonly memoryMs: number
  readonly arithmeticMs: number
}

const listed = (csv: string, options: ListOptions): ReadonlyArray<ListedTask> => {
  const { hidden, machine, scaleOf } = filledIn(options)
  const tasks = rowsOf(csv).map(([architecture, preset, layers]) => {
    const shape = shapeOf(preset, scaleOf(preset))
    const plan = planOf(configOf(architecture, Number(layers), hidden, shape), shape, machine)
    const model = `${architecture}-${layers}-${shape.featureWidth}`
    const needs = plan.residents.map(({ bytes, role }) => ({
      key: `${role === "model.weights" ? model : preset}|${role}`,
      bytes,
    }))
    return { needs, plan }
  })
  const users = Map.groupBy(
    tasks.flatMap(({ needs }) => needs.map(({ key }) => key)),
    (key) => key,
  )
  return tasks.map(({ needs, plan: { demand, predictedMs } }) => ({
    runMs: predictedMs,
    linkMs: loadMs(
      needs.reduce((sum, { bytes, key }) => sum + bytes / users.get(key)!.length, 0),
      machine,
    ),
    memoryMs: predictedMs * demand!.bandwidth,
    arithmeticMs: predictedMs * demand!.compute,
  }))
}

/** When the k-th could end, for each k, were there nothing but a resource that serves one at a time. */
const leastEnds = (parts: ReadonlyArray<number>): ReadonlyArray<number> => {
  let endMs = 0
  return parts.toSorted((a, b) => a - b).map((part) => (endMs += part))
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((all, value) => all + value, 0)

/**
 * The greater of two bounds on the mean response, both after Smith (Naval Research Logistics 3, 1956):
 * a resource that serves one after the other ends the k-th no sooner than the k least parts of it are
 * done. By the link: each task then runs at least as long as alone. By all three: the k-th end is no
 * sooner than any of link, memory and arithmetic allows.
 */
export const leastMeanMs = (csv: string, options: ListOptions = {}): number => {
  const tasks = listed(csv, options)
  const byLink = leastEnds(tasks.map(({ linkMs }) => linkMs))
  const byMemory = leastEnds(tasks.map(({ memoryMs }) => memoryMs))
  const byArithmetic = leastEnds(tasks.map(({ arithmeticMs }) => arithmeticMs))
  const loadedMs = sum(byLink) + sum(tasks.map(({ runMs }) => runMs))
  const servedMs = sum(byLink.map((endMs, k) => Math.max(endMs, byMemory[k]!, byArithmetic[k]!)))
  return Math.max(loadedMs, servedMs) / tasks.length
}
