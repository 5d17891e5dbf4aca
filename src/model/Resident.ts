// Objects that stay on the device and are shared by tasks and tenants: parts of graphs, packed
// weights, target lists. A plan names them by role; a loaded graph or model gives each its key.

/**
 * What a resident object is. `gcn.scale@f` is deg^-1/2 with self loops of weight f (0: none),
 * `gcn.selfWeight@f` the weight of each node's self loop where edges carry weights.
 */
export type ResidentRole =
  | "graph.rowOffsets" // int32 [N + 1]
  | "graph.colIndices" // int32 [E]
  | "graph.edgeWeight" // float32 [E]
  | "graph.rowWork" // int32, the work list of the edges, see rowWork.ts
  | "graph.graphOffsets" // int32 [G + 1]
  | `graph.graphOffsets@${number}` // the same, empty graphs appended up to that many
  | "x.dense" // float32 [N, F]
  | "x.rowOffsets" // int32 [N + 1]
  | "x.colIndices" // int32 [nnz]
  | "x.values" // float32 [nnz]
  | "x.rowWork" // int32, the work list of the features
  | `gcn.scale@${number}` // float32 [N]
  | `gcn.selfWeight@${number}` // float32 [N]
  | "model.weights" // float32, packed by the lowering
  | "task.targets" // int32 [number of targets]
  | "task.spill" // float32, in host memory: what of a task's workspace the device has no room for
  | "task.output" // float32, in host memory: the result, stored part by part

/** A slot of a plan: ops refer to it by index. `bytes` is exact, before alignment. */
export interface ResidentSlot {
  readonly role: ResidentRole
  readonly bytes: number
  /** In host memory, where only copies reach it, and of no weight in the pool; else on the device. */
  readonly host?: true
}

/** Whether a plan writes to the slot: it is the task's own, not shared. */
export const isWritten = ({ role }: ResidentSlot): boolean =>
  role === "task.spill" || role === "task.output"

/** A resident object with its identity and its bytes in shared memory. */
export interface ResidentObject {
  /** Content address: equal bytes, equal key. */
  readonly key: string
  readonly bytes: number
  readonly data: Uint8Array
}
