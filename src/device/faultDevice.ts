// Wraps any device and breaks it on purpose, as a seeded plan says. An op fails, is delayed or loses
// its lane after the ops before it have really run: a plan is data, so its head is a plan too.
import { Effect, Exit } from "effect"
import { DeviceOutOfMemory, LaneLost, OpFailed } from "../model/errors.ts"
import type { FaultBook } from "../model/FaultBook.ts"
import type { DelayFault, LaneFault, OpFault } from "../model/FaultPlan.ts"
import type { Plan } from "../model/Plan.ts"
import type { Completion, Device, SubmitRequest } from "./Device.ts"

export const faultDevice = (device: Device, faults: FaultBook): Device => ({
  ...device,
  grant: (grant) => {
    const { taskId } = grant
    const fault = taskId === undefined ? null : faults.take(["allocation"], taskId)
    if (fault === null) return device.grant(grant)
    const { usedBytes } = Effect.runSync(device.stats)
    return Exit.fail(
      new DeviceOutOfMemory({
        bytesRequested: grant.bytes,
        bytesFree: device.info.budgetBytes - usedBytes,
        transient: fault.transient,
      }),
    )
  },
  submit: (request) =>
    Effect.suspend(() => {
      const { firstOp = 0, plan } = request
      const isThere = ({ op }: { readonly op: number | string }) => opPosition(plan, op) >= firstOp
      const fault = faults.take(["op", "delay", "lane"], request.taskId, isThere)
      return fault === null
        ? device.submit(request)
        : submitWithFault({ device, faults }, request, fault)
    }),
})

const submitWithFault = (
  { device, faults }: { readonly device: Device; readonly faults: FaultBook },
  request: SubmitRequest,
  fault: OpFault | DelayFault | LaneFault,
): ReturnType<Device["submit"]> =>
  Effect.gen(function* () {
    const { ops } = request.plan
    const opIndex = opPosition(request.plan, fault.op)
    const head = yield* device.submit(headOf(request, opIndex))
    if (head.cancelled) {
      faults.giveBack(fault)
      return head
    }
    const lane = request.lane
    if (fault.kind === "lane") return yield* new LaneLost({ lane, transient: true })
    if (fault.kind === "op") {
      const op = ops[opIndex]?.name ?? "output"
      const reason = "injected fault"
      return yield* new OpFailed({ op, opIndex, lane, reason, transient: fault.transient })
    }
    yield* Effect.sleep(fault.delayMs)
    const rest = yield* device.submit({ ...request, firstOp: opIndex })
    return joined(head, later(rest, head.runMs + fault.delayMs))
  })

/** An index beyond the last operator means after it; a name that no operator has, -1. */
const opPosition = ({ ops }: Plan, op: number | string): number =>
  typeof op === "number"
    ? Math.min(op, ops.length)
    : ops.findIndex(({ name, kind }) => name === op || kind === op)

const headOf = (request: SubmitRequest, opIndex: number): SubmitRequest => ({
  ...request,
  plan: {
    ...request.plan,
    ops: request.plan.ops.slice(0, opIndex),
    costs: request.plan.costs.slice(0, opIndex),
  },
})

const joined = (head: Completion, rest: Completion): Completion => ({
  ...rest,
  ops: [...head.ops, ...rest.ops],
})

const later = (completion: Completion, ms: number): Completion => ({
  ...completion,
  ops: completion.ops.map(({ name, startMs, endMs }) => ({
    name,
    startMs: startMs + ms,
    endMs: endMs + ms,
  })),
  runMs: completion.runMs + ms,
})
