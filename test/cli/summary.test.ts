// What a run prints at its end: which tasks and columns, and what is said instead.
import { describe, expect, it } from "vitest"
import { summary } from "../../src/cli/report/summary.ts"
import { sampleReport } from "./sampleReport.ts"

const tables = (text: string): ReadonlyArray<string> => text.split("\n\n")

describe("the summary", () => {
  const sample = sampleReport({ tasks: 3, lanes: 2 })
  const rejected = sample.tasks.find(({ status }) => status === "rejected")!
  const completed = sample.tasks.find(({ status }) => status === "completed")!
  const few = { ...sample, tasks: [completed, rejected] }

  it("does not show what a rejected task asked for as its peak of memory", () => {
    const needed = { ...rejected, predictedPeakBytes: 3 * 2 ** 30 }
    const [, table] = tables(summary({ ...few, tasks: [completed, needed] }))
    expect(table).toMatch(/rejected .*-$/m)
    expect(table).not.toContain("3 GiB")
    expect(table).toMatch(/completed .*B$/m)
  })

  it("has groups in groups mode only", () => {
    expect(tables(summary({ ...few, mode: "groups" }))[1]).toMatch(/status +group +lane/)
    expect(tables(summary({ ...few, mode: "continuous" }))[1]).toMatch(/status +lane/)
  })

  it("says how many tasks are not listed, and where they are", () => {
    const tasks = Array.from({ length: 1041 }, (_, index) => ({ ...completed, id: `t${index}` }))
    const text = summary({ ...sample, tasks })
    expect(text).toMatch(/1,041 tasks, not listed here .*--format json.*HTML report/)
    expect(text).not.toContain("t40")
  })
})
