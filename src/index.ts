// The package's public face: the runtime, its types and its errors.

export type {
  Company,
  Explanation,
  RunStep,
  Step,
  WaitReason,
  WaitStep,
} from "./model/Explanation.ts"
export * from "./model/errors.ts"
export { explainTask } from "./model/explainTask.ts"
export type { Fault, FaultPlan } from "./model/FaultPlan.ts"
export type { GnnConfig, ModelSource } from "./model/GnnModel.ts"
export type { FeatureRule, GraphShape, GraphSource } from "./model/Graph.ts"
export { limits } from "./model/limits.ts"
export type { OpCost, Plan } from "./model/Plan.ts"
export type { DeviceInfo, RunReport, TenantInfo } from "./model/RunReport.ts"
export type {
  Decision,
  Policy,
  PolicyName,
  SchedulingMode,
  Snapshot,
  WaitingTask,
} from "./model/Snapshot.ts"
export type { TaskOutput, TaskRecord, TaskSpec, TaskState } from "./model/Task.ts"
export type { Tensor } from "./model/Tensor.ts"
export type { OrderedTasks, TaskOrder, WaitingTasks } from "./model/WaitingTasks.ts"
export type { ChooseTasks } from "./policy/ownPolicy.ts"
export {
  type EffectTask,
  GnnSched,
  type GnnSchedService,
  openGnnSched,
} from "./runtime/GnnSched.ts"
export { Runtime } from "./runtime/Runtime.ts"
export type {
  GraphHandle,
  ModelHandle,
  RuntimeApi,
  RuntimeOptions,
  SubmitInput,
  TaskHandle,
  TaskResult,
} from "./runtime/RuntimeApi.ts"
