// What a run writes: report.json against its schema, the numbers derived for it, the trace, the page.
import { readFileSync } from "node:fs"
import vm from "node:vm"
import { Ajv2020 } from "ajv/dist/2020.js"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { jsonLines } from "../../src/cli/report/jsonLines.ts"
import { makeBars, waitingSteps } from "../../src/cli/report/page/bars.ts"
import { answersOf, inflateTasks, type Kit, waitedText } from "../../src/cli/report/page/kit.ts"
import { preemptionsOf } from "../../src/cli/report/page/preemptions.ts"
import { pageData } from "../../src/cli/report/pageData.ts"
import { pageScript } from "../../src/cli/report/pageScript.ts"
import { rebaseReport } from "../../src/cli/report/rebaseReport.ts"
import { embedJson, reportHtml } from "../../src/cli/report/reportHtml.ts"
import { reportJson } from "../../src/cli/report/reportJson.ts"
import { mean, percentile, taskTimes, tenantStatistics } from "../../src/cli/report/statistics.ts"
import { traceOf } from "../../src/cli/report/trace.ts"
import { sampleReport, tornReport } from "./sampleReport.ts"

const schema = JSON.parse(
  readFileSync(new URL("../../docs/report.schema.json", import.meta.url), "utf8"),
)
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema)

const report = rebaseReport(sampleReport({ tasks: 40, lanes: 3 }), new Map())

describe("report.json", () => {
  it("is of its schema", () => {
    validate(JSON.parse([...jsonLines(reportJson(report))].join("")))
    expect(validate.errors ?? []).toEqual([])
  })

  it("has a schema that refuses a missing number, an unknown key and a completed task with a reason", () => {
    const json = () => structuredClone(reportJson(report)) as unknown as Record<string, never>
    const spoil: ReadonlyArray<(value: ReturnType<typeof json>) => void> = [
      (value) => Object.assign(value, { extra: 1 }),
      (value) => Object.assign(value, { makespanMs: null }),
      (value) => Object.assign(value.tasks![0]!, { reason: { tag: "x", message: "y" } }),
      (value) => Object.assign(value.tasks![0]!, { measuredPeakBytes: null }),
      (value) => Object.assign(value.tasks![0]!, { status: "queued" }),
    ]
    for (const change of spoil) {
      const value = json()
      expect(validate(value)).toBe(true)
      change(value)
      expect(validate(value)).toBe(false)
    }
  })

  it("tells each task's waiting, running and response time, and whether its target was met", () => {
    const [first] = reportJson(report).tasks
    expect(first!.submittedAtMs).toBe(0)
    expect(first!.queueMs! + first!.runMs!).toBeCloseTo(first!.responseMs!, 9)
    expect(first!.qosMet).toBe(first!.responseMs! <= first!.deadlineMs!)
  })

  it("counts a refused task with a deadline as a missed target, and says why it was refused", () => {
    const refused = reportJson(report).tasks.find(({ id }) => id === "too-large")!
    expect(refused).toMatchObject({ status: "rejected", qosMet: false, startedAtMs: null })
    expect(refused.reason).toMatchObject({ tag: "TooLarge", bytesNeeded: 9e9 })
    expect(reportJson(report).tenants.find(({ id }) => id === "idle")).toMatchObject({
      tasks: 0,
      meanResponseMs: null,
      qosMetRatio: null,
    })
  })

  it("keeps the names of the workload", () => {
    const names = new Map([["t/1", { graph: "cora", model: "gcn" }]])
    const named = rebaseReport(sampleReport({ tasks: 2, lanes: 1 }), names)
    expect(named.tasks[1]).toMatchObject({ graph: "cora", model: "gcn" })
  })

  it("is one JSON document, whatever it holds", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = [...jsonLines(value)].join("")
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe("statistics", () => {
  it("takes percentiles by nearest rank: a value that is there, with enough at or below it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: 0, max: 1e6 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 100 }),
        (values, percent) => {
          const answer = percentile(values, percent)!
          expect(values).toContain(answer)
          const atMost = values.filter((value) => value <= answer).length
          const below = values.filter((value) => value < answer).length
          expect(atMost).toBeGreaterThanOrEqual((percent / 100) * values.length)
          expect(below).toBeLessThan(Math.max(1, (percent / 100) * values.length))
        },
      ),
    )
  })

  it("answers null where there is nothing to count", () => {
    expect(percentile([], 50)).toBeNull()
    expect(mean([])).toBeNull()
    expect(tenantStatistics("x", [])).toMatchObject({ tasks: 0, p99ResponseMs: null })
  })

  it("meets a target at the very last moment and misses it after", () => {
    const [task] = sampleReport({ tasks: 1, lanes: 1 }).tasks
    const at = (finishedAtMs: number) =>
      taskTimes({ ...task!, submittedAtMs: 0, finishedAtMs, deadlineMs: 10 }).qosMet
    expect([at(10), at(10.001)]).toEqual([true, false])
  })
})

describe("trace.json", () => {
  const { traceEvents } = traceOf(report)

  it("holds complete events whose operators lie inside their tasks, on the task's row", () => {
    const complete = traceEvents.filter((event) => event.ph === "X")
    const tasks = complete.filter((event) => event.cat === "task")
    expect(tasks).toHaveLength(40)
    for (const op of complete.filter((event) => event.cat === "operator")) {
      const task = tasks.find((event) => event.name === op.args.task)!
      expect(op.tid).toBe(task.tid)
      expect(op.ts).toBeGreaterThanOrEqual(task.ts)
      expect(op.ts + op.dur).toBeLessThanOrEqual(task.ts + task.dur + 1e-3)
    }
  })

  it("never shows two tasks at once on one row", () => {
    for (const tid of [1, 2, 3]) {
      const row = traceEvents
        .filter((event) => event.ph === "X" && event.cat === "task" && event.tid === tid)
        .map((event) => event as { ts: number; dur: number })
        .sort((a, b) => a.ts - b.ts)
      row.slice(1).forEach((event, index) => {
        expect(event.ts).toBeGreaterThanOrEqual(row[index]!.ts + row[index]!.dur - 1e-3)
      })
    }
  })

  it("names a row per lane and the device, and counts bytes that never fall below nothing", () => {
    const names = traceEvents.filter((event) => event.name === "thread_name")
    expect(names.map((event) => event.args.name)).toEqual(["refused", "lane 0", "lane 1", "lane 2"])
    const counters = traceEvents.filter((event) => event.ph === "C")
    expect(counters.length).toBe(report.memory.length)
    for (const { args } of counters) {
      expect(args.residents).toBeGreaterThanOrEqual(0)
      expect(args.arenas).toBeGreaterThanOrEqual(0)
    }
    expect(counters.at(-1)!.args.arenas).toBe(0)
  })

  it("shows refused tasks as instants", () => {
    const instants = traceEvents.filter((event) => event.ph === "i")
    expect(instants.map((event) => event.args.reason)).toEqual(["TooLarge", "DeviceOutOfMemory"])
  })
})

describe("a run with a preemption and a shared answer", () => {
  const torn = rebaseReport(tornReport({ tasks: 12, lanes: 2 }), new Map())
  const data = pageData("torn", torn)
  const kit = { tasks: inflateTasks(data) } as Kit
  const task = (id: string) => kit.tasks.find((one) => one.id === id)!

  it("is of the schema", () => {
    validate(JSON.parse([...jsonLines(reportJson(torn))].join("")))
    expect(validate.errors ?? []).toEqual([])
  })

  it("has a slice for each stay on a lane in the trace, operators inside the stay they ran in", () => {
    const slices = traceOf(torn).traceEvents.filter((event) => event.ph === "X")
    const stays = slices.filter(({ cat, name }) => cat === "task" && name === "t/2")
    expect(stays.map(({ args }) => [args.run, args.end, args.preemptedBy])).toEqual([
      [1, "preempted", "urgent"],
      [2, "completed", null],
    ])
    const inside = slices.filter(({ args, cat }) => cat === "operator" && args.task === "t/2")
    for (const op of inside) {
      const stay = stays.find((one) => one.ts <= op.ts && op.ts < one.ts + one.dur)!
      expect(op.ts + op.dur).toBeLessThanOrEqual(stay.ts + stay.dur + 1e-3)
    }
  })

  it("is drawn as two bars with the urgent one between, and the answered task as none", () => {
    const { lanes, refused } = makeBars(kit, data, data.makespanMs)
    const lane = lanes[task("t/2").lane!]!.map((bar) => [bar.task.id, bar.end, bar.gaveWayTo])
    const at = lane.findIndex(([id]) => id === "t/2")
    expect(lane.slice(at, at + 3)).toEqual([
      ["t/2", "preempted", "urgent"],
      ["urgent", "completed", null],
      ["t/2", "completed", null],
    ])
    expect(lanes.flat().some((bar) => bar.task.id === "twin")).toBe(false)
    expect(refused.map(({ id }) => id)).toEqual(["too-large", "hurt"])
    expect([...answersOf(kit.tasks)]).toEqual([["t/1", ["twin"]]])
  })

  it("counts who waits at each moment, those who gave way too, and nobody in the end", () => {
    const steps = waitingSteps(kit.tasks, data.makespanMs)
    expect(Math.min(...steps.map(([, count]) => count))).toBeGreaterThanOrEqual(0)
    expect(steps.at(-1)![1]).toBe(0)
  })

  it("lists who gave way to whom, and tells what each task waited for", () => {
    const [only, ...others] = preemptionsOf(kit.tasks)
    expect(others).toEqual([])
    expect(only).toMatchObject({ by: "urgent", lane: task("t/2").lane })
    expect(only!.awayMs).toBeCloseTo(task("urgent").runMs!, 2)
    expect(task("t/2").waitedMs!.preempted).toBeCloseTo(only!.awayMs!, 9)
    expect(waitedText(task("t/2"))).toMatch(/preempted \d/)
    expect(data.decisions.flatMap((row) => row[10])).toEqual(["t/2"])
  })
})

describe("report.html", () => {
  const hostile = `</script><script>alert("x")</script><img src=x onerror=alert(1)>&'`
  const html = reportHtml(hostile, sampleReport({ tasks: 30, lanes: 2, firstId: hostile }))

  it("loads nothing: no address, no link, no import, and a policy that forbids all", () => {
    expect(html).not.toMatch(/https?:\/\//)
    expect(html).not.toMatch(/<link|<iframe|@import|\bimport\(|fetch\(|url\(/)
    expect(html).toContain("default-src 'none'")
  })

  it("keeps hostile ids and titles as text", () => {
    expect(html.match(/<script/g)).toHaveLength(2)
    expect(html.match(/<\/script/g)).toHaveLength(2)
    expect(html).not.toContain("<img")
    const embedded = /id="run-data">(.*?)<\/script>/s.exec(html)![1]!
    expect(JSON.parse(embedded).taskRows[0][0]).toBe(hostile)
  })

  it("embeds any value so that it comes back the same and cannot end its element", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = embedJson(value)
        expect(text).not.toMatch(/[<\u2028\u2029]/)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it("carries a script that parses and names every function it calls of the others", () => {
    const script = pageScript()
    expect(() => new vm.Script(script)).not.toThrow()
    expect(script).not.toMatch(/__vi_import|import /)
    // It starts by reading the page: in a context without one, that is the first thing to fail.
    expect(() => new vm.Script(script).runInNewContext({})).toThrow(/document is not defined/)
  })

  it("stays small with thousands of tasks and says what it leaves out", () => {
    const many = sampleReport({ tasks: 25_000, lanes: 4 })
    const data = pageData("many", many)
    expect(data.taskRows).toHaveLength(20_000)
    expect(data.notes[0]).toMatch(/first 20000 of 25002 tasks/)
    expect(data.tenants.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(25_002)
    const five = reportHtml("five", sampleReport({ tasks: 5_000, lanes: 4 }))
    expect(five.length).toBeLessThan(3e6)
  })
})
