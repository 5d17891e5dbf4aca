// A workload as it runs: where graphs and models come from, the tenants, and every task after
// defaults are applied and `count` is expanded.
import type { ModelSource } from "../../model/GnnModel.ts"
import type { GraphSource } from "../../model/Graph.ts"
import type { TenantInfo } from "../../model/RunReport.ts"

/** A task that comes when another has ended, however it ended. */
export interface FollowUp {
  readonly id: string
  /** From that end to the submission. */
  readonly thinkMs: number
}

export interface WorkloadTask {
  readonly id: string
  readonly tenant: string
  /** Names of the workload's `graphs` and `models`. */
  readonly graph: string
  readonly model: string
  readonly nodes: ReadonlyArray<number> | null
  /** When it is submitted, from the start of the run; 0 with `after`. */
  readonly atMs: number
  readonly after?: FollowUp
  readonly deadlineMs: number | null
  readonly priority: number
  /** May be answered by a run that answers others as well. Left out: yes. */
  readonly share?: boolean
  /** Number of the file's entry it comes from: many tasks share one. */
  readonly entry: number
  /** That entry as errors name it: `tasks[3]`, `arrivals.map.tiny`. */
  readonly place: string
}

export interface Workload {
  readonly file: string
  readonly graphs: ReadonlyMap<string, GraphSource>
  readonly models: ReadonlyMap<string, ModelSource>
  readonly tenants: ReadonlyArray<TenantInfo>
  /** In the order of the file. */
  readonly tasks: ReadonlyArray<WorkloadTask>
}

/** The file under `outputs/` that holds a task's result. */
export const outputName = (taskId: string): string => `${taskId.replaceAll("/", "_")}.npy`
