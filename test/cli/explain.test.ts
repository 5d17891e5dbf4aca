// `gnnsched explain` from end to end, on a report that simulate wrote, and what it says of a report
// that is none.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Result } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeError } from "../../src/cli/describeError.ts"
import { explainText } from "../../src/cli/explainView.ts"
import { jsonLines } from "../../src/cli/report/jsonLines.ts"
import { readReport } from "../../src/cli/report/readReport.ts"
import { rebaseReport } from "../../src/cli/report/rebaseReport.ts"
import { reportJson } from "../../src/cli/report/reportJson.ts"
import type { Explanation } from "../../src/model/Explanation.ts"
import { explainTask } from "../../src/model/explainTask.ts"
import { gnnsched } from "./gnnsched.ts"
import { sampleReport } from "./sampleReport.ts"

const folder = mkdtempSync(join(tmpdir(), "gnnsched-explain-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const report = reportJson(rebaseReport(sampleReport({ tasks: 12, lanes: 2 }), new Map()))
const file = join(folder, "out", "run", "report.json")

beforeAll(() => {
  mkdirSync(join(folder, "out", "run"), { recursive: true })
  writeFileSync(file, [...jsonLines(report)].join(""))
})

const read = (path: string) => Effect.runPromise(Effect.result(readReport(path)))

const told = async (text: string): Promise<string> => {
  const path = join(folder, "bad.json")
  writeFileSync(path, text)
  const result = await read(path)
  if (Result.isSuccess(result)) throw new Error("it was accepted")
  return `${result.failure._tag}: ${describeError(result.failure).what}`
}

const explained = async (id: string): Promise<string> => {
  const recorded = await read(file)
  if (Result.isFailure(recorded)) throw new Error(describeError(recorded.failure).what)
  const { run } = recorded.success
  const explanation = explainTask(run, id)
  if (Result.isFailure(explanation)) throw new Error(describeError(explanation.failure).what)
  return explainText(
    recorded.success,
    run.tasks.find((task) => task.id === id)!,
    explanation.success,
  )
}

describe("gnnsched explain", () => {
  it("finds the newest report, tells a step a line, and the same as JSON", async () => {
    const { status, stdout } = await gnnsched(["explain", "t/4"], { cwd: folder })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^t\/4: m0 on g0 for fraud: completed [\d.]+ ms after it came\n/)
    expect(stdout).toContain("cpu, 2 lanes, policy base, mode continuous")
    expect(stdout).toMatch(/ran on lane \d, decision 5/)
    expect(stdout).toContain("From out/run/report.json.")
    const json = await gnnsched(["explain", "t/4", "--report", file, "--format", "json"])
    const { id, steps, waitedMs } = JSON.parse(json.stdout) as Explanation
    expect(id).toBe("t/4")
    const waits = steps.filter(({ kind }) => kind === "wait")
    const waited = waits.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
    expect(Object.values(waitedMs).reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(waited, 9)
    expect(waited).toBeCloseTo(report.tasks[4]!.queueMs!, 9)
  })

  it("names the ids that may be meant, and ends with 2", async () => {
    const { status, stderr } = await gnnsched(["explain", "t/", "--report", file])
    expect(status).toBe(2)
    expect(stderr).toContain("there is no task t/ among the 14 of the report")
    expect(stderr).toContain("Did you mean t/0, t/1, t/2?")
  })

  it("says why a task was refused, with the numbers", async () => {
    const text = await explained("too-large")
    expect(text).toMatch(/^too-large: .* rejected/)
    expect(text).toContain("TooLarge: the task needs 8.38 GiB (9,000,000,000 bytes)")
  })

  it("needs a report where none lies about", async () => {
    const { status, stderr } = await gnnsched(["explain", "t/0"], {
      cwd: join(folder, "out", "run", "..", "run"),
    })
    expect(status).toBe(0)
    expect(stderr).toBe("")
    mkdirSync(join(folder, "empty"))
    const none = await gnnsched(["explain", "t/0"], { cwd: join(folder, "empty") })
    expect(none.status).toBe(2)
    expect(none.stderr).toMatch(/--report: expected the report.json of a run, or its folder/)
  })
})

describe("a report that is read again", () => {
  const spoiled = (change: (value: Record<string, never>) => void): string => {
    const value = structuredClone(report) as unknown as Record<string, never>
    change(value)
    return JSON.stringify(value)
  }

  it("may be named by its folder, and may say more than is known", async () => {
    expect(Result.isSuccess(await read(join(folder, "out", "run")))).toBe(true)
    writeFileSync(
      join(folder, "more.json"),
      spoiled((value) => Object.assign(value, { later: 1 })),
    )
    expect(Result.isSuccess(await read(join(folder, "more.json")))).toBe(true)
  })

  it.each<readonly [string, (value: Record<string, never>) => void, RegExp]>([
    [
      "of another version",
      (value) => Object.assign(value, { version: 2 }),
      /BadConfig: .*bad.json, at version: expected 1, the form of this version, found 2/,
    ],
    [
      "with a time that is none",
      (value) => Object.assign(value.tasks![3]!, { submittedAtMs: "soon" }),
      /at tasks\[3\].submittedAtMs: expected milliseconds/,
    ],
    [
      "with a reason nobody knows",
      (value) => Object.assign(value.decisions![3]!, { blocked: { id: "x", reason: "luck" } }),
      /at decisions\[3\].blocked.*memory, lane, order/,
    ],
    [
      "without its tasks",
      (value) => Object.assign(value, { tasks: null }),
      /at tasks: expected a list of tasks, found null/,
    ],
  ])("is refused %s", async (_, change, sentence) => {
    expect(await told(spoiled(change))).toMatch(sentence)
  })

  it("is refused where it is no JSON or not there", async () => {
    expect(await told("{")).toMatch(/BadFile: .*expected the JSON that gnnsched run writes/)
    const missing = await read(join(folder, "missing"))
    expect(Result.isFailure(missing) && missing.failure._tag).toBe("FileUnreadable")
  })
})
