// One run that answers several tasks. It goes to a lane as a task would, but is nobody's: the book does
// not know it, and what happens to it happens to those it answers.
import { Deferred } from "effect"
import type { TaskOutput } from "../model/Task.ts"
import { sharedFloat32 } from "../model/Tensor.ts"
import type { LiveTask, Member } from "./LiveTask.ts"
import type { PreparedTask } from "./PreparedTask.ts"

/** Those that end with this run: the task itself where it runs for nobody else. */
export const answeredBy = (run: LiveTask): ReadonlyArray<LiveTask> =>
  run.members?.map(({ task }) => task) ?? [run]

/** Each answer belongs to one caller, who may write into it. */
export const copyOf = ({ cols, data, rows }: TaskOutput): TaskOutput => {
  const copy = sharedFloat32(data.length)
  copy.set(data)
  return { rows, cols, data: copy }
}

/** `others` ask for what `leader` asks for. */
export const sameRun = (leader: LiveTask, others: ReadonlyArray<LiveTask>): LiveTask =>
  sharedRun(leader, leader.prepared!, [
    { task: leader, answer: (output) => output },
    ...others.map((task) => ({ task, answer: copyOf })),
  ])

/**
 * The leader is the one that was chosen to start: the run has its name on the device, in faults and in
 * decisions, and the highest priority of all that it answers.
 */
export const sharedRun = (
  leader: LiveTask,
  prepared: PreparedTask,
  members: ReadonlyArray<Member>,
): LiveTask => {
  const priority = Math.max(...members.map(({ task }) => task.spec.priority))
  return {
    ...leader,
    spec: { ...leader.spec, priority },
    done: Deferred.makeUnsafe(),
    cancelRequested: false,
    abort: null,
    prepared,
    plan: prepared.plan,
    hostMemory: null,
    members: [...members],
  }
}

/** What the run knows goes into a member's record; the stay on the lane is the leader's alone. */
export const noteRun = (run: LiveTask, member: LiveTask): void => {
  const { group, lane, measuredPeakBytes, ops, plan, runs, startedAtMs } = run
  Object.assign(member, { group, lane, measuredPeakBytes, plan, startedAtMs })
  if (member.sharedWith === null) Object.assign(member, { ops, runs })
}

/** The member goes its own way, as if it had not been taken along. */
export const part = (run: LiveTask, member: LiveTask): void => {
  noteRun(run, member)
  if (run.members !== null) run.members = run.members.filter(({ task }) => task !== member)
}
