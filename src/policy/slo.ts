// SLO, the default: as many targets met as can be, each weighed as its tenant, then short responses.
//
// Shortest first, unless somebody's target is at risk. The tasks that are due first are looked at in
// the order of their deadlines (EDF is optimal for one machine when all can be met; Liu and Layland,
// 1973): if running the shortest task now made one of them late that would else be in time, the one
// that is due first goes first. Those that cannot all be met lose the dearest per weight until the
// rest can (Moore, Management Science 15(1), 1968) and then wait with the others, by size.
//
// A task joins others only where that pays: the slowdown that their demands add up to, summed over all
// that run, must not exceed what the newcomer would wait for the first of them to end.
//
// No tenant goes further ahead of the neediest, service for weight, than a slack (`TenantShares`): a
// flood costs the others no more than that and what runs.
//
// Where few wait, all that is played to its end instead, in many courses, and the best is begun
// (`bestPlay`): deadlines first, then the least weighted response.
//
// Those whose target is lost wait apart (`WaitingTasks.lost`): however many they are, none hides one that
// can still be met. They run where nobody in time wants the lane, or where they are far shorter (`lostFactor`).
//
// The bounds: once the oldest has waited `patienceMs` plus `patienceFactor` times its own length, one of
// `patienceTurn` starts is its, once memory allows; a task that has waited half of that is overtaken by
// none that takes memory it needs. A decision reads at most `lookahead` tasks of three orders.

import { PoolLayout } from "../cost/PoolLayout.ts"
import type { DeferReason, Policy, WaitingTask } from "../model/Snapshot.ts"
import { withPlan } from "../model/WaitingTask.ts"
import { choosePlan } from "./choosePlan.ts"
import { lookahead } from "./Lookahead.ts"
import { patienceOf } from "./patience.ts"
import { playedOut } from "./playedOut.ts"
import { SloChoice } from "./SloChoice.ts"

export const slo: Policy = (snapshot, nowMs) =>
  playedOut(snapshot, nowMs) ?? greedy(snapshot, nowMs)

const greedy: Policy = (snapshot, nowMs) => {
  const choice = new SloChoice(snapshot, nowMs)
  const plans: Record<string, number> = {}
  let layout: PoolLayout | null = null
  let blocked: { readonly id: string; readonly reason: DeferReason } | null = null
  const block = (task: WaitingTask, reason: DeferReason) => {
    blocked ??= { id: task.id, reason }
  }
  for (let looked = 0; looked < lookahead; looked++) {
    const lanesAreTaken = choice.started.length >= snapshot.lanesFree
    const task = lanesAreTaken ? choice.nextInLine() : choice.next()
    if (task === null) break
    if (snapshot.mode === "groups" && snapshot.running.length > 0) {
      block(task, "order")
      break
    }
    if (lanesAreTaken) {
      block(task, "lane")
      break
    }
    if (!choice.paysToStart(task)) {
      block(task, "interference")
      break
    }
    layout ??= PoolLayout.fromView(snapshot.memory)
    const plan = choosePlan(task, { layout, snapshot, chosen: choice.started, elasticAtMs: nowMs })
    if (plan !== null) {
      choice.start(withPlan(task, plan))
      if (plan > 0) plans[task.id] = plan
      continue
    }
    block(task, "memory")
    // Smaller ones may go by for a while; then the pool drains until it fits.
    if (nowMs - task.submittedAtMs > patienceOf(task) / 2) break
    choice.pass(task)
  }
  const start = choice.started.map(({ id }) => id)
  const decision = { start, blocked, thresholdBytes: null }
  return Object.keys(plans).length > 0 ? { ...decision, plans } : decision
}
