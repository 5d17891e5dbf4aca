// A recorded run as a workload: the same tasks at the moments at which they came, on graphs of which
// only the shapes are known.
import { Effect } from "effect"
import { BadConfig } from "../../model/errors.ts"
import type { ModelSource } from "../../model/GnnModel.ts"
import type { GraphSource } from "../../model/Graph.ts"
import type { TenantInfo } from "../../model/RunReport.ts"
import { Random } from "../../prep/random.ts"
import type { RecordedReport } from "../report/readReport.ts"
import type { RecordedRun, RecordedTask } from "../report/reportSchema.ts"
import type { Workload, WorkloadTask } from "../workload/Workload.ts"

const graphsOf = ({ graphs }: RecordedRun): ReadonlyMap<string, GraphSource> =>
  new Map(
    Object.entries(graphs).map(([name, { id, ...shape }]) => [
      name,
      { kind: "shape", name: id, shape },
    ]),
  )

/** Weights do not matter where nothing is computed; the id keeps models apart. */
const modelsOf = ({ models }: RecordedRun): ReadonlyMap<string, ModelSource> =>
  new Map(
    Object.entries(models).map(([name, { config, id }]) => [
      name,
      { kind: "arrays", name: id, config, weights: { seed: 0 } },
    ]),
  )

/** The rows it asked for; where only their number was kept, so many others. */
const nodesOf = (
  { id, nodes, targets }: RecordedTask,
  numNodes: number,
): ReadonlyArray<number> | null => {
  if (targets === null) return null
  if (nodes !== undefined) return nodes
  const random = new Random(0, `rows ${id}`)
  return Array.from({ length: targets }, () => Math.floor(random.uniform() * numNodes))
}

const tenantsOf = ({ tenants }: RecordedRun): ReadonlyArray<TenantInfo> =>
  tenants.map(({ id, quota, weight }) => ({
    id,
    weight,
    ...(quota === undefined ? {} : { quota }),
  }))

/** A task that names a graph or a model that the report does not have. */
const missing = (
  { file, run }: RecordedReport,
  task: RecordedTask,
  index: number,
): BadConfig | null => {
  for (const what of ["graph", "model"] as const) {
    if (Object.hasOwn(run[`${what}s`], task[what])) continue
    const expected = `a ${what} of the report's ${what}s`
    const found = JSON.stringify(task[what])
    return new BadConfig({ file, path: `tasks[${index}].${what}`, expected, found })
  }
  return null
}

export const recordedWorkload = (report: RecordedReport): Effect.Effect<Workload, BadConfig> =>
  Effect.gen(function* () {
    const { file, run } = report
    const tasks: Array<WorkloadTask> = []
    for (const [index, task] of run.tasks.entries()) {
      const bad = missing(report, task, index)
      if (bad !== null) return yield* bad
      const { deadlineMs = null, graph, id, model, priority, submittedAtMs, tenant } = task
      tasks.push({
        id,
        tenant,
        graph,
        model,
        priority,
        deadlineMs,
        nodes: nodesOf(task, run.graphs[graph]!.numNodes),
        ...(task.share === undefined ? {} : { share: task.share }),
        atMs: submittedAtMs,
        entry: index,
        place: `tasks[${index}]`,
      })
    }
    const sources = { graphs: graphsOf(run), models: modelsOf(run) }
    return { file, ...sources, tenants: tenantsOf(run), tasks }
  })
