// How answers cross a thread: typed errors lose their class in a structured clone, so they travel
// as plain data and are made again on the other side.

import { RuntimeFailed } from "../model/errors.ts"
import { fromPlain, type PlainError, toPlain } from "../model/plainError.ts"
import type { RunReport } from "../model/RunReport.ts"
import type { TaskRecord } from "../model/Task.ts"

export type Envelope<A> =
  | { readonly ok: true; readonly value: A }
  | { readonly ok: false; readonly error: PlainError }

/** A report whose task reasons are plain. */
export type PlainReport = Omit<RunReport, "tasks"> & {
  readonly tasks: ReadonlyArray<Omit<TaskRecord, "reason"> & { readonly reason: PlainError | null }>
}

export const seal = async <A>(answer: Promise<A>): Promise<Envelope<A>> => {
  try {
    return { ok: true, value: await answer }
  } catch (error) {
    return { ok: false, error: plain(error) }
  }
}

/** What is no typed error is a broken invariant. */
const plain = (error: unknown): PlainError =>
  toPlain(error) ?? toPlain(new RuntimeFailed({ actor: "runtime", reason: String(error) }))!

export const unseal = <A>(envelope: Envelope<A>): A => {
  if (envelope.ok) return envelope.value
  throw fromPlain(envelope.error)
}

export const plainReport = (report: RunReport): PlainReport => ({
  ...report,
  tasks: report.tasks.map((task) => ({
    ...task,
    reason: task.reason === null ? null : plain(task.reason),
  })),
})

export const reviveReport = (report: PlainReport): RunReport => ({
  ...report,
  tasks: report.tasks.map((task) => ({
    ...task,
    reason: task.reason === null ? null : (fromPlain(task.reason) as TaskRecord["reason"]),
  })),
})
