// A trace of arrivals from a CSV file, `arrival_s,tenant,kind`, one line each in order of arrival.
import { readFile, stat } from "node:fs/promises"
import { Effect } from "effect"
import { BadFile, FileUnreadable } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { systemReason } from "../../model/systemReason.ts"

export interface Arrival {
  readonly atMs: number
  readonly tenant: string
  readonly kind: string
  /** Of the file, from 1. */
  readonly line: number
}

const header = "arrival_s,tenant,kind"
const maxNameLength = 200

const readText = (file: string): Effect.Effect<string, FileUnreadable | BadFile> =>
  Effect.gen(function* () {
    const reading = <A>(start: () => Promise<A>) =>
      Effect.tryPromise({
        try: start,
        catch: (cause) => new FileUnreadable({ file, reason: systemReason(cause) }),
      })
    const { size } = yield* reading(() => stat(file))
    if (size > limits.maxTraceBytes) {
      const expected = `at most ${limits.maxTraceBytes} bytes`
      return yield* new BadFile({ file, place: "", expected, found: `${size} bytes` })
    }
    return yield* reading(() => readFile(file, "utf8"))
  })

const isName = (text: string | undefined): boolean =>
  text !== undefined && text !== "" && text.length <= maxNameLength && !/\p{Cc}/u.test(text)

const shown = (text: string): string => JSON.stringify(text.slice(0, 80))

/** The arrival of one line, or what is wrong with it. */
const parseLine = (
  file: string,
  text: string,
  line: number,
  afterMs: number,
): Arrival | BadFile => {
  const bad = (expected: string) =>
    new BadFile({ file, place: `line ${line}`, expected, found: shown(text) })
  const [seconds = "", tenant, kind, ...more] = text.split(",")
  if (more.length > 0 || !isName(tenant) || !isName(kind)) return bad(header)
  if (!/^\d{1,12}(\.\d{1,12})?$/.test(seconds)) return bad("seconds since the start, as 12.5")
  const atMs = Number(seconds) * 1000
  return atMs < afterMs
    ? bad("arrivals in order of time")
    : { atMs, tenant: tenant!, kind: kind!, line }
}

/** The first `limit` arrivals of the file, all of them for null. */
export const readTrace = Effect.fnUntraced(function* (
  file: string,
  limit: number | null,
): Effect.fn.Return<ReadonlyArray<Arrival>, FileUnreadable | BadFile> {
  const lines = (yield* readText(file)).replace(/^\uFEFF/, "").split(/\r?\n/)
  if (lines[0] !== header) {
    const found = shown(lines[0] ?? "")
    return yield* new BadFile({ file, place: "line 1", expected: `the header ${header}`, found })
  }
  const arrivals: Array<Arrival> = []
  let afterMs = 0
  for (let at = 1; at < lines.length && (limit === null || arrivals.length < limit); at++) {
    if (lines[at] === "" && at === lines.length - 1) break
    const arrival = parseLine(file, lines[at]!, at + 1, afterMs)
    if (arrival instanceof BadFile) return yield* arrival
    afterMs = arrival.atMs
    arrivals.push(arrival)
  }
  if (arrivals.length > 0) return arrivals
  return yield* new BadFile({ file, place: "", expected: "at least one arrival", found: "none" })
})
