// Reads a report.json again: from the file, from the folder that holds it, or the newest there is.
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { BadConfig, BadFile, FileUnreadable } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { systemReason } from "../../model/systemReason.ts"
import { decodeConfig } from "../decodeConfig.ts"
import { type RecordedRun, reportSchema } from "./reportSchema.ts"

export interface RecordedReport {
  readonly file: string
  readonly run: RecordedRun
}

const fileName = "report.json"

const reading = <A>(file: string, read: () => Promise<A>): Effect.Effect<A, FileUnreadable> =>
  Effect.tryPromise({
    try: read,
    catch: (cause) => new FileUnreadable({ file, reason: systemReason(cause) }),
  })

const readText = Effect.fnUntraced(function* (file: string) {
  const { size } = yield* reading(file, () => stat(file))
  if (size > limits.maxReportBytes) {
    const expected = `at most ${limits.maxReportBytes} bytes`
    return yield* new BadFile({ file, place: "", expected, found: `${size} bytes` })
  }
  return yield* reading(file, () => readFile(file, "utf8"))
})

/** `path` is the file or its folder. */
export const readReport = Effect.fnUntraced(function* (
  path: string,
): Effect.fn.Return<RecordedReport, FileUnreadable | BadFile | BadConfig> {
  const isFolder = (yield* reading(path, () => stat(path))).isDirectory()
  const file = isFolder ? join(path, fileName) : path
  const text = yield* readText(file)
  const value = yield* Effect.try({
    try: () => JSON.parse(text) as unknown,
    catch: (cause) => {
      const found = cause instanceof Error ? cause.message : String(cause)
      return new BadFile({ file, place: "", expected: "the JSON that gnnsched run writes", found })
    },
  })
  const document = { file, value, locate: () => "" }
  return { file, run: yield* decodeConfig(document, reportSchema, "ignore") }
})

/** When the file was written; null where there is none. */
const writtenAt = (file: string): Promise<number | null> =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  )

const foldersIn = (folder: string): Promise<ReadonlyArray<string>> =>
  readdir(folder, { withFileTypes: true }).then(
    (entries) => entries.filter((one) => one.isDirectory()).map(({ name }) => join(folder, name)),
    () => [],
  )

/** Here, in `out`, or in a folder of `out`: where the examples put them. */
export const newestReport: Effect.Effect<string, BadConfig> = Effect.gen(function* () {
  const folders = [".", "out", ...(yield* Effect.promise(() => foldersIn("out")))]
  let newest: { readonly file: string; readonly atMs: number } | null = null
  for (const folder of folders) {
    const file = join(folder, fileName)
    const atMs = yield* Effect.promise(() => writtenAt(file))
    if (atMs !== null && (newest === null || atMs > newest.atMs)) newest = { file, atMs }
  }
  if (newest !== null) return newest.file
  const expected = "the report.json of a run, or its folder: there is none here, nor in out/"
  return yield* new BadConfig({
    file: "command line",
    path: "--report",
    expected,
    found: "nothing",
  })
})
