// Reads a profile file from disk: the effect around `readProfile`.
import { readFile } from "node:fs/promises"
import { Effect } from "effect"
import { readProfile } from "../cost/calibration/profileFile.ts"
import type { MachineProfile } from "../cost/MachineProfile.ts"
import { type BadConfig, BadFile, FileUnreadable } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import { systemReason } from "../model/systemReason.ts"

export const readProfileFile = (
  file: string,
): Effect.Effect<MachineProfile, FileUnreadable | BadFile | BadConfig> =>
  Effect.gen(function* () {
    const text = yield* Effect.tryPromise({
      try: () => readFile(file, "utf8"),
      catch: (cause) => new FileUnreadable({ file, reason: systemReason(cause) }),
    })
    if (text.length > limits.maxConfigFileBytes) {
      const expected = `at most ${limits.maxConfigFileBytes} bytes`
      return yield* new BadFile({ file, place: "", expected, found: `${text.length}` })
    }
    const value = yield* Effect.try({
      try: () => JSON.parse(text) as unknown,
      catch: (cause) =>
        new BadFile({
          file,
          place: "",
          expected: "the JSON that gnnsched calibrate writes",
          found: cause instanceof Error ? cause.message : String(cause),
        }),
    })
    return yield* Effect.fromResult(readProfile(value, file))
  })
