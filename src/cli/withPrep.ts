// A prep pool for the commands that read files without a runtime.
import { Effect, type Scope } from "effect"
import { limits } from "../model/limits.ts"
import { makePrepPool } from "../prep/makePrepPool.ts"
import type { PrepPoolService } from "../prep/PrepPool.ts"

export const openPrepPool: Effect.Effect<PrepPoolService, never, Scope.Scope> = Effect.suspend(() =>
  makePrepPool({ threads: 1, timeoutMs: limits.prepTimeoutMs }),
)
