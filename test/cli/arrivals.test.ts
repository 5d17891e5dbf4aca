// `arrivals` in a workload file: what a trace or a Poisson process expands to, and how each thing
// that can be wrong with it is told.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Result } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { describeError } from "../../src/cli/describeError.ts"
import { readWorkload } from "../../src/cli/workload/readWorkload.ts"

const folder = mkdtempSync(join(tmpdir(), "gnnsched-arrivals-"))
mkdirSync(join(folder, "cora"))
writeFileSync(join(folder, "m.json"), "{}")
writeFileSync(join(folder, "m.safetensors"), "")
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const head = "graphs: { c: cora }\nmodels: { m: m.json }\n"
const kind = "{ model: m, graph: c, deadline: 50ms }"
const trace = (...lines: ReadonlyArray<string>) =>
  `${["arrival_s,tenant,kind", ...lines].join("\n")}\n`
const three = trace("0.0,u,tiny", "0.5,v,big", "1.5000001,u,tiny")

const read = (text: string, csv = three) => {
  writeFileSync(join(folder, "w.yaml"), head + text)
  writeFileSync(join(folder, "t.csv"), csv)
  const workload = readWorkload(join(folder, "w.yaml"), { allowOutside: false })
  return Effect.runPromise(Effect.result(workload))
}

const good = async (text: string, csv = three) => {
  const result = await read(text, csv)
  if (Result.isFailure(result)) throw new Error(describeError(result.failure).what)
  return result.success
}

const told = async (text: string, csv = three): Promise<string> => {
  const result = await read(text, csv)
  if (Result.isSuccess(result)) throw new Error("it was accepted")
  return `${result.failure._tag}: ${describeError(result.failure).what}`
}

const both = `map: { tiny: ${kind}, big: { model: m, graph: c, priority: 3 } }`

describe("arrivals from a trace", () => {
  it("are tasks of the kinds that the map says, by the trace's tenants", async () => {
    const { tasks, tenants } = await good(`arrivals: { trace: t.csv, ${both} }`)
    expect(
      tasks.map(({ id, tenant, atMs, deadlineMs, priority }) => {
        return [id, tenant, atMs, deadlineMs, priority]
      }),
    ).toEqual([
      ["tiny/0", "u", 0, 50, 0],
      ["big/1", "v", 500, null, 3],
      ["tiny/2", "u", 1500.0001, 50, 0],
    ])
    expect(tenants).toEqual([
      { id: "u", weight: 1 },
      { id: "v", weight: 1 },
    ])
  })

  it("come faster by the scale, and no more of them than the limit", async () => {
    const { tasks } = await good(`arrivals: { trace: t.csv, scale: 2, limit: 2, ${both} }`)
    expect(tasks.map(({ atMs }) => atMs)).toEqual([0, 250])
  })

  it("stand beside listed tasks and take the defaults", async () => {
    const { tasks } = await good(
      "defaults: { model: m, graph: c, deadline: 9 }\n" +
        "tasks: [{ id: first }]\narrivals: { trace: t.csv, map: { tiny: {}, big: {} } }",
    )
    expect(tasks.map(({ id, deadlineMs }) => [id, deadlineMs])).toEqual([
      ["first", 9],
      ["tiny/0", 9],
      ["big/1", 9],
      ["tiny/2", 9],
    ])
  })

  it("may end without a newline and have Windows line ends", async () => {
    const csv = "arrival_s,tenant,kind\r\n0,u,tiny\r\n1,u,tiny"
    const { tasks } = await good(`arrivals: { trace: t.csv, ${both} }`, csv)
    expect(tasks).toHaveLength(2)
  })

  it.each([
    ["arrival,tenant,kind\n0,u,tiny\n", /BadFile: .*line 1: expected the header arrival_s/],
    [trace("0,u,tiny", "x,u,tiny"), /BadFile: .*line 3: expected seconds since the start/],
    [trace("-1,u,tiny"), /line 2: expected seconds/],
    [trace("0,u"), /line 2: expected arrival_s,tenant,kind, found "0,u"/],
    [trace("0,u,tiny,more"), /line 2/],
    [trace("0,,tiny"), /line 2/],
    [trace("5,u,tiny", "4,u,tiny"), /line 3: expected arrivals in order of time/],
    [trace("0,u,tiny", "", "1,u,tiny"), /line 3/],
    [trace(), /expected at least one arrival, found none/],
    [
      trace("0,u,tinny"),
      /BadConfig: .*kind of every arrival, found no "tinny", line 2 of t.csv \(did you mean tiny/,
    ],
  ])("are refused with the line: %j", async (csv, sentence) => {
    expect(await told(`arrivals: { trace: t.csv, ${both} }`, csv)).toMatch(sentence)
  })

  it("need tenants that are declared, where any is", async () => {
    const sentence = await told(`tenants: { u: {} }\narrivals: { trace: t.csv, ${both} }`)
    expect(sentence).toMatch(/the tenant of every arrival, found no "v", line 3 of t.csv/)
  })

  it("stay in the workload's folder", async () => {
    expect(await told(`arrivals: { trace: ../t.csv, ${both} }`)).toMatch(/PathOutside/)
  })
})

describe("arrivals of a Poisson process", () => {
  const poisson = (fields: string, map = both) => `arrivals: { poisson: { ${fields} }, ${map} }`

  it("come at the rate, the same for the same seed", async () => {
    const { tasks } = await good(poisson("rate: 20/s, count: 5000, seed: 3"))
    expect(tasks).toHaveLength(5000)
    expect(tasks.at(-1)!.atMs).toBeGreaterThan(5000 * 50 * 0.95)
    expect(tasks.at(-1)!.atMs).toBeLessThan(5000 * 50 * 1.05)
    const again = await good(poisson("rate: 1200/min, count: 5000, seed: 3"))
    expect(again.tasks).toEqual(tasks)
    const other = await good(poisson("rate: 20, count: 5000, seed: 4"))
    expect(other.tasks[0]!.atMs).not.toBe(tasks[0]!.atMs)
  })

  it("are of the kinds by their shares, each by its tenant", async () => {
    const map =
      "map: { tiny: { model: m, graph: c, share: 3, tenant: u }, big: { model: m, graph: c } }"
    const { tasks } = await good(poisson("rate: 1/h, count: 4000", map))
    const tiny = tasks.filter(({ tenant }) => tenant === "u").length
    expect(tiny).toBeGreaterThan(2850)
    expect(tiny).toBeLessThan(3150)
  })

  it.each([
    [poisson("rate: 0, count: 1"), /a rate such as 20\/s/],
    [poisson("rate: 5/day, count: 1"), /a rate such as 20\/s/],
    [poisson("rate: 5, count: 0"), /a whole number from 1/],
    [`arrivals: { ${both} }`, /either trace or poisson, found neither/],
    [`arrivals: { trace: t.csv, poisson: { rate: 1, count: 1 }, ${both} }`, /found both/],
    [
      `arrivals: { poisson: { rate: 1, count: 1 }, limit: 3, ${both} }`,
      /limit: expected no such key beside poisson/,
    ],
    [
      `arrivals: { trace: t.csv, map: { tiny: { model: m, graph: c, share: 1 } } }`,
      /share: expected no such key beside trace/,
    ],
    [`arrivals: { trace: t.csv, map: { tiny: { model: n, graph: c } } }`, /a declared model: m/],
    ["arrivals: { trace: t.csv, map: {} }", /a mapping of kinds/],
    ["defaults: {}", /a list of tasks, or arrivals, found neither/],
    [
      `tasks: [{ id: tiny/0, model: m, graph: c }]\narrivals: { trace: t.csv, ${both} }`,
      /an id that no other task has \(tasks\[0\] has it\)/,
    ],
  ])("and the form are checked: %s", async (text, sentence) => {
    expect(await told(text)).toMatch(sentence)
  })
})
