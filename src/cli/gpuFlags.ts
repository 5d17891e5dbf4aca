// Flags about a GPU: which one, and how its multiprocessors are shared out.
import { Effect } from "effect"
import type { Command } from "effect/cli"
import { Flag } from "effect/cli"
import { BadConfig } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import type { RuntimeOptions } from "../runtime/RuntimeApi.ts"
import { numberFlag, wholeFlag } from "./flags.ts"

export const gpuFlag = wholeFlag("gpu", 0, limits.maxGpus - 1).pipe(
  Flag.withDescription("Which GPU of --device cuda, as CUDA numbers them; default: 0"),
  Flag.withDefault(0),
)

export const gpuFlags = {
  gpu: gpuFlag,
  smShare: numberFlag(
    "sm-share",
    "a number from 0 to below 1",
    (share) => share >= 0 && share < 1,
  ).pipe(
    Flag.withDescription(
      "Share of a GPU's multiprocessors for tasks with a priority above 0 alone; default: 0, none",
    ),
    Flag.withDefault(0),
  ),
} as const

type GpuFlags = Command.Command.Config.Infer<typeof gpuFlags>

/** Refused beside another device: whoever names a GPU must not be answered by the CPU. */
export const gpuOptions = (
  device: RuntimeOptions["device"],
  { gpu, smShare }: GpuFlags,
): Effect.Effect<Pick<RuntimeOptions, "gpu" | "smShare">, BadConfig> => {
  const path = gpu > 0 ? "--gpu" : smShare > 0 ? "--sm-share" : null
  if (device === "cuda" || path === null) return Effect.succeed({ gpu, smShare })
  const expected = "--device cuda beside it"
  return Effect.fail(
    new BadConfig({ file: "command line", path, expected, found: `--device ${device}` }),
  )
}
