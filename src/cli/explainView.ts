// An explanation as a person reads it: a line per step with its time, why or where, and who ran
// beside it.
import type { Company, Explanation, Step, WaitReason, WaitStep } from "../model/Explanation.ts"
import type { RecordedReport } from "./report/readReport.ts"
import type { RecordedTask } from "./report/reportSchema.ts"
import { left, mark, renderTable, right, safeText } from "./terminal.ts"
import { formatMs } from "./units.ts"

/** Of a step's company so many are named. */
const maxNamed = 3

const wants: Readonly<Record<WaitReason, string>> = {
  memory: "waited for memory",
  lane: "waited for a lane",
  order: "waited for its turn",
  threshold: "waited for the next group",
  interference: "waited for less company",
  fairness: "waited for fairness",
  preempted: "gave way",
  preparing: "was being prepared",
  settling: "waited for others to be ready for the group",
  deciding: "waited for the decision",
  unlogged: "waited; the log does not go back so far",
}

const behindWants = {
  memory: "memory",
  lane: "a lane",
  order: "its group",
  threshold: "the next group",
  interference: "less company",
} as const

const waitText = ({ behind, behindReason, preempting, reason }: WaitStep): string => {
  const room = preempting.length === 0 ? "" : `; ${preempting.map(safeText).join(", ")} makes room`
  if (behind === null) return `${wants[reason]}${room}`
  const whose =
    reason === "preempted"
      ? ` to ${safeText(behind)}`
      : behindReason === null || behindReason === reason
        ? `, after ${safeText(behind)}`
        : `, after ${safeText(behind)}, which waited for ${behindWants[behindReason]}`
  return `${wants[reason]}${whose}${room}`
}

const stepText = (step: Step): string => {
  if (step.kind === "wait") return waitText(step)
  const loading = step.loadMs > 0 ? `, of which loading ${formatMs(step.loadMs)}` : ""
  const by = step.preemptedBy === null ? "" : ` by ${safeText(step.preemptedBy)}`
  const end = step.end === "completed" ? "" : `; ${step.end}${by}`
  return mark("bold", `ran on lane ${step.lane}, decision ${step.group}${loading}${end}`)
}

const companyText = (beside: ReadonlyArray<Company>): string => {
  if (beside.length === 0) return "-"
  const named = beside
    .slice(0, maxNamed)
    .map(({ id, overlapMs }) => `${safeText(id)} (${formatMs(overlapMs)})`)
  const more = beside.length > maxNamed ? `, and ${beside.length - maxNamed} more` : ""
  return `${named.join(", ")}${more}`
}

const ending = (task: RecordedTask): string => {
  const responseMs = task.finishedAtMs === null ? null : task.finishedAtMs - task.submittedAtMs
  const after = responseMs === null ? "" : ` ${formatMs(responseMs)} after it came`
  if (task.deadlineMs === undefined) return `${task.status}${after}`
  const isMet = task.status === "completed" && responseMs !== null && responseMs <= task.deadlineMs
  return `${task.status}${after}, target ${formatMs(task.deadlineMs)} ${isMet ? "met" : "missed"}`
}

const headline = ({ run }: RecordedReport, task: RecordedTask): string => {
  const { device, mode, policy } = run
  const what = `${safeText(task.model)} on ${safeText(task.graph)} for ${safeText(task.tenant)}`
  const plan = task.plan === null || task.plan === "whole" ? "" : `, plan ${safeText(task.plan)}`
  const where = `${device.kind}, ${device.lanes} ${device.lanes === 1 ? "lane" : "lanes"}`
  return (
    `${mark("bold", safeText(task.id))}: ${what}${plan}: ${ending(task)}\n` +
    `${where}, policy ${safeText(policy)}, mode ${mode}`
  )
}

const reasonText = ({ reason }: RecordedTask): ReadonlyArray<string> =>
  typeof reason?.message === "string" ? [`${reason.tag}: ${safeText(reason.message)}`] : []

const sharedText = ({ sharedWith }: Explanation): ReadonlyArray<string> =>
  sharedWith === null
    ? []
    : [`It did not run itself: the run of ${safeText(sharedWith)} answered it too.`]

const sums = ({ ranMs, waitedMs }: Explanation): string => {
  const parts = Object.entries(waitedMs).map(([reason, ms]) => `${reason} ${formatMs(ms)}`)
  const total = Object.values(waitedMs).reduce((sum, ms) => sum + ms, 0)
  const of = parts.length === 0 ? "" : ` (${parts.join(", ")})`
  return `waited ${formatMs(total)}${of}, ran ${formatMs(ranMs)}`
}

export const explainText = (
  report: RecordedReport,
  task: RecordedTask,
  explanation: Explanation,
): string => {
  const head = [headline(report, task), ...reasonText(task), ...sharedText(explanation)].join("\n")
  if (explanation.steps.length === 0) return `${head}\nIt neither waited nor ran.`
  const table = renderTable(
    [right("at"), right("for"), left("what"), left("on the lanes meanwhile")],
    explanation.steps.map((step) => [
      formatMs(step.fromMs),
      formatMs(step.toMs - step.fromMs),
      stepText(step),
      companyText(step.beside),
    ]),
  )
  return `${head}\n\n${table}\n\n${sums(explanation)}`
}
