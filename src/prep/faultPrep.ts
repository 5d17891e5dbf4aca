// Wraps the prep pool and breaks a task's preparation as a seeded plan says: a real worker really
// exits or really stops answering.
import { Effect } from "effect"
import { type PrepError, PrepTimeout, PrepWorkerLost } from "../model/errors.ts"
import type { FaultBook } from "../model/FaultBook.ts"
import type { PrepPoolService } from "./PrepPool.ts"

export const faultPrep = (prep: PrepPoolService, faults: FaultBook): PrepPoolService => ({
  ...prep,
  prepare: (request) =>
    Effect.suspend(() => {
      const fault = faults.take(["prep-crash", "prep-hang"], request.taskId)
      if (fault === null) return prep.prepare(request)
      const kind = fault.kind === "prep-crash" ? "crash" : "hang"
      return Effect.mapError(prep.sabotage(request.taskId, kind), (error) =>
        withTransience(error, fault.transient),
      )
    }),
})

const withTransience = (error: PrepError, transient: boolean): PrepError =>
  error._tag === "PrepTimeout"
    ? new PrepTimeout({ job: error.job, timeoutMs: error.timeoutMs, transient })
    : new PrepWorkerLost({ job: error.job, reason: error.reason, transient })
