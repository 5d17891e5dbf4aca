// Runs ops and plans in float64: the oracle that other devices are compared with. The arena keeps
// the real layout, so buffers that overlap while live give wrong numbers here too.
import { PlanRefused } from "../../model/errors.ts"
import type { Op, OpKind } from "../../model/Op.ts"
import { extentBytes, operandUses } from "../../model/operandUses.ts"
import type { Plan } from "../../model/Plan.ts"
import { runAggGemm } from "./aggGemm.ts"
import { checkOps } from "./checkOps.ts"
import { runCopy } from "./copy.ts"
import { runDensify } from "./densify.ts"
import { runGat, runGatV2 } from "./gat.ts"
import { runGather } from "./gather.ts"
import { runGemm } from "./gemm.ts"
import { runLogSoftmax } from "./logSoftmax.ts"
import { hostSlots, type ReferenceMemory, roundResult } from "./memory.ts"
import { runReadout } from "./readout.ts"
import { runRowwise } from "./rowwise.ts"
import { runSpmm } from "./spmm.ts"

type Runners = {
  readonly [K in OpKind]: (op: Extract<Op, { kind: K }>, memory: ReferenceMemory) => void
}

const runners: Runners = {
  gemm: runGemm,
  spmm: runSpmm,
  aggGemm: runAggGemm,
  gat: runGat,
  gatv2: runGatV2,
  densify: runDensify,
  rowwise: runRowwise,
  readout: runReadout,
  gather: runGather,
  logSoftmax: runLogSoftmax,
  copy: runCopy,
}

/** Runs one op that `checkOps` has accepted. */
export const runOpReference = (op: Op, memory: ReferenceMemory): void => {
  const run = runners[op.kind] as (op: Op, memory: ReferenceMemory) => void
  run(op, memory)
  roundResult(op, memory)
}

/** What a run has touched, counted op by op. */
export class Footprint {
  /** One past the last byte of the arena that an op wrote. */
  highWaterBytes = 0
  /** Resident slots that an op read. */
  readonly slotsRead = new Set<number>()

  add(op: Op): void {
    for (const use of operandUses(op)) {
      if (use.operand.slot >= 0) this.slotsRead.add(use.operand.slot)
      else if (use.access === "write") {
        this.highWaterBytes = Math.max(this.highWaterBytes, extentBytes(use))
      }
    }
  }
}

/**
 * Checks and runs the ops on the arena as it is; for tests of single ops.
 * @throws PlanRefused before anything has run
 */
export const runOpsReference = (
  options: ReferenceMemory & { readonly ops: ReadonlyArray<Op> },
): Footprint => {
  const refused = checkOps(options.ops, options, options.arena.length * 4)
  if (refused !== null) throw refused
  const footprint = new Footprint()
  for (const op of options.ops) {
    runOpReference(op, options)
    footprint.add(op)
  }
  return footprint
}

/** Checks that the result lies in its memory and has the length of `output`, where one is given. */
export const checkOutput = (plan: Plan, outputLength: number | null): PlanRefused | null => {
  const { slot = -1, offset, rows, cols } = plan.output
  const end = offset + rows * cols * 4
  const room = slot === -1 ? plan.arenaBytes : (plan.residents[slot]?.bytes ?? 0)
  if (offset % 4 !== 0 || offset < 0 || end > room) {
    const reason = `bytes ${offset}…${end} of ${room}`
    return new PlanRefused({ place: "plan.output", reason })
  }
  if (outputLength === null || outputLength === rows * cols) return null
  const reason = `${outputLength} floats for ${rows} x ${cols}`
  return new PlanRefused({ place: "request.output", reason })
}

/** Where a plan's numbers lie once it has run. */
export const outputOf = ({ output }: Plan, memory: ReferenceMemory): Float64Array => {
  const { slot = -1, offset, rows, cols } = output
  const data = memory.host?.get(slot) ?? memory.arena
  return data.subarray(offset / 4, offset / 4 + rows * cols)
}

/**
 * Runs a whole plan on an arena of `plan.arenaBytes / 4` elements, which is filled with NaN first:
 * what no op wrote shows. `residents` has the bytes of each slot that the plan does not write.
 * @throws PlanRefused before anything has run
 */
export const runPlanReference = (options: {
  readonly plan: Plan
  readonly arena: Float64Array
  readonly residents: ReadonlyArray<Uint8Array>
}): Footprint & { readonly output: Float64Array } => {
  const { plan, arena, residents } = options
  const refused = checkOutput(plan, null)
  if (refused !== null) throw refused
  if (arena.length * 4 < plan.arenaBytes) {
    const reason = `${arena.length * 4} bytes for ${plan.arenaBytes}`
    throw new PlanRefused({ place: "arena", reason })
  }
  arena.fill(Number.NaN)
  const ownArena = arena.subarray(0, plan.arenaBytes / 4)
  const memory = { arena: ownArena, residents, host: hostSlots(plan) }
  const footprint = runOpsReference({ ops: plan.ops, ...memory })
  return Object.assign(footprint, { output: outputOf(plan, memory) })
}
