/// <reference lib="dom" />
// Runs in the browser: what is told of a task, or of one of its stays, under the pointer.
import type { PageData, PageTask } from "../pageData.ts"
import type { Bar } from "./bars.ts"
import type { Kit } from "./kit.ts"

export function taskTip(
  kit: Kit,
  data: PageData,
  task: PageTask,
): Array<readonly [string, string]> {
  const rows: Array<readonly [string, string]> = [
    ["task", task.id],
    ["tenant", task.tenant],
    ["model on graph", `${task.model} on ${task.graph}`],
    ["status", task.status],
    ["waited", kit.ms(task.queueMs)],
    ["waited for", kit.waited(task) ?? "–"],
    ["ran", `${kit.ms(task.runMs)} (predicted ${kit.ms(task.predictedMs)})`],
    ["response", kit.ms(task.responseMs)],
    ["peak memory", kit.bytes(task.measuredPeakBytes ?? task.predictedPeakBytes)],
  ]
  if (task.deadlineMs !== null) {
    rows.push([
      "deadline",
      `${kit.ms(task.deadlineMs)}, ${task.qosMet === true ? "met" : "missed"}`,
    ])
  }
  if (task.plan !== null && task.plan !== "whole") rows.push(["plan", task.plan])
  if (task.sharedWith !== null) rows.push(["answered by the run of", task.sharedWith])
  const answered = kit.answers.get(task.id) ?? []
  if (answered.length > 0) rows.push(["answered too", kit.some(answered)])
  if (task.group !== null) rows.push(["group", String(task.group)])
  if (task.attempts > 1) rows.push(["attempts", String(task.attempts)])
  if (task.reason !== null) rows.push(["reason", task.reason])
  for (let index = 0; index < Math.min(task.ops.length, 36); index += 3) {
    const name = data.opNames[task.ops[index]!] ?? ""
    rows.push([`· ${name}`, kit.ms(task.ops[index + 2]! - task.ops[index + 1]!)])
  }
  return rows
}

export function barTip(kit: Kit, data: PageData, bar: Bar): Array<readonly [string, string]> {
  const rows = taskTip(kit, data, bar.task)
  const { runs } = bar.task
  if (runs.length < 2 && bar.end !== "preempted") return rows
  const number = runs.findIndex((run) => run[1] === bar.fromMs) + 1
  const by = bar.gaveWayTo === null ? "" : ` to ${bar.gaveWayTo}`
  const end = bar.end === "preempted" ? `gave way${by}` : bar.end
  return [["stay on a lane", `${number} of ${runs.length}: ${end}`], ...rows]
}

export interface Tips {
  readonly task: (task: PageTask) => Array<readonly [string, string]>
  readonly bar: (bar: Bar) => Array<readonly [string, string]>
}

export function makeTips(kit: Kit, data: PageData): Tips {
  return { task: (task) => taskTip(kit, data, task), bar: (bar) => barTip(kit, data, bar) }
}
