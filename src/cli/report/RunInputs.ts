// What the tasks of a run were made of, under the workload's names: with it a report can be simulated
// again where neither the workload nor its graphs are.
import type { GraphShape } from "../../model/Graph.ts"
import type { RunReport } from "../../model/RunReport.ts"

export interface InputGraph extends GraphShape {
  /** Of its content: two names may stand for one graph. */
  readonly id: string
}

export interface InputModel {
  readonly id: string
  /** The JSON that describes it: PyG's keys. */
  readonly config: Readonly<Record<string, unknown>>
}

export interface RunInputs {
  readonly graphs: Readonly<Record<string, InputGraph>>
  readonly models: Readonly<Record<string, InputModel>>
  /** Rows that a task asked for; a task that asked for all is not here. */
  readonly nodes: ReadonlyMap<string, ReadonlyArray<number>>
}

/** A report in the workload's names, with what its tasks were made of. */
export interface NamedReport extends RunReport {
  readonly inputs: RunInputs
}
