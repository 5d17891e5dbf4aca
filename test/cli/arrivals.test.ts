// `arrivals` in a workload file: what a trace or a Poisson process expands to, and how each thing
// that can be wrong with it is told.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Result } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { describeError } from "../../src/cli/describeError.ts"
import { readWorkload } from "../../src/cli/workload/readWorkload.ts"
import { taskSchedule } from "../../src/cli/workload/taskSchedule.ts"

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
    [
      `arrivals: { trace: t.csv, poisson: { rate: 1, count: 1 }, ${both} }`,
      /one of trace, poisson and bursts, found trace and poisson/,
    ],
    [
      `arrivals: { poisson: { rate: 1, count: 1 }, limit: 3, ${both} }`,
      /limit: expected no such key: it is with a trace/,
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

describe("arrivals in bursts", () => {
  const bursts = (fields: string) => `arrivals: { bursts: { ${fields} }, ${both} }`

  it("come at the rate while it is on, and not at all while it is off", async () => {
    const { tasks } = await good(
      bursts("rate: 1000/s, on: 100ms, off: 900ms, count: 20000, seed: 5"),
    )
    // A tenth of the time is on: about 100 a second in all.
    expect(tasks.at(-1)!.atMs).toBeGreaterThan(20_000 * 10 * 0.8)
    expect(tasks.at(-1)!.atMs).toBeLessThan(20_000 * 10 * 1.2)
    const gaps = tasks.slice(1).map(({ atMs }, i) => atMs - tasks[i]!.atMs)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0)
    const [within, between] = [gaps.filter((ms) => ms < 20), gaps.filter((ms) => ms >= 20)]
    expect(within.reduce((sum, ms) => sum + ms, 0) / within.length).toBeCloseTo(1, 0)
    // A pause per burst of a hundred.
    expect(between.length).toBeGreaterThan(140)
    expect(between.length).toBeLessThan(260)
  })

  it.each([
    ["rate: 10/s, on: 0, off: 1s, count: 1", /bursts.on: expected a duration .* \(more than 0\)/],
    ["rate: 10/s, on: 1s, count: 1", /bursts.off: expected a duration/],
    ["rate: 1/h, on: 1ms, off: 1s, count: 1", /at least 0.01 tasks a burst, found 2.8e-7 a burst/],
  ])("are checked: %s", async (fields, sentence) => {
    expect(await told(bursts(fields))).toMatch(sentence)
  })
})

describe("kinds with sources of their own", () => {
  const mixOf = (...kinds: ReadonlyArray<string>) =>
    `arrivals: { seed: 2, map: { ${kinds.map((one, i) => `k${i}: { model: m, graph: c, ${one} }`).join(", ")} } }`

  it("come periodically, at random and in bursts beside each other", async () => {
    const { tasks } = await good(
      mixOf(
        "every: 40ms, at: 5ms, count: 3, deadline: 33ms, tenant: u",
        "rate: 100/s, count: 2000",
        "rate: 500/s, on: 50ms, off: 1s, count: 7",
      ),
    )
    const of = (kind: string) => tasks.filter(({ id }) => id.startsWith(`${kind}/`))
    expect(
      of("k0").map(({ atMs, deadlineMs, id, tenant }) => [id, tenant, atMs, deadlineMs]),
    ).toEqual([
      ["k0/0", "u", 5, 33],
      ["k0/1", "u", 45, 33],
      ["k0/2", "u", 85, 33],
    ])
    expect(of("k1").at(-1)!.atMs / 2000).toBeCloseTo(10, 0)
    expect(of("k2")).toHaveLength(7)
  })

  it("have chance of their own: another kind beside them changes nothing", async () => {
    const { tasks: alone } = await good(mixOf("rate: 10/s, count: 5"))
    const { tasks: beside } = await good(mixOf("rate: 10/s, count: 5", "rate: 3/s, count: 9"))
    expect(beside.filter(({ id }) => id.startsWith("k0/"))).toEqual(alone)
  })

  it("come from clients in chains: each task after the end of its client's last", async () => {
    const { tasks } = await good(mixOf("clients: 2, think: 10ms, count: 2001"))
    expect(tasks.slice(0, 2).every(({ after }) => after === undefined)).toBe(true)
    expect(tasks.slice(2, 5).map(({ after }) => after!.id)).toEqual(["k0/0", "k0/1", "k0/2"])
    const thinks = tasks.slice(2).map(({ after }) => after!.thinkMs)
    expect(thinks.reduce((sum, ms) => sum + ms, 0) / thinks.length).toBeCloseTo(10, 0)
    const { next, timed } = taskSchedule(tasks)
    expect(timed).toHaveLength(2)
    let length = 1
    for (let at = next.get(timed[0]!.id); at !== undefined; at = next.get(at.id)) length++
    expect(length).toBe(timed[0]!.id === "k0/0" ? 1001 : 1000)
  })

  it.each<readonly [string, RegExp]>([
    [mixOf("count: 3"), /at arrivals.map.k0: expected every, rate or clients.*found none of them/],
    [mixOf("every: 1s, rate: 3, count: 3"), /found every and rate/],
    [mixOf("every: 0, count: 3"), /k0.every: expected a duration .* \(more than 0\), found 0/],
    [mixOf("clients: 0, count: 3"), /k0.clients: expected a whole number from 1 to 10000/],
    [mixOf("clients: 2, think: -1, count: 3"), /k0.think: expected a duration/],
    [mixOf("clients: 2, on: 1s, off: 1s, count: 3"), /k0.on: expected rate beside it/],
    [mixOf("rate: 3, on: 1s, count: 3"), /k0.on: expected off beside it/],
    [mixOf("rate: 3, think: 1s, count: 3"), /k0.think: expected clients beside it/],
    [mixOf("rate: 3, count: 3, share: 2"), /k0.share: expected no such key where the kind has/],
    [mixOf("rate: 3"), /k0: expected a count: how many tasks/],
    [
      mixOf("rate: 3, count: 600000", "rate: 3, count: 600000"),
      /at most 1000000 tasks in all, found 1200000 tasks/,
    ],
    [
      `arrivals: { poisson: { rate: 1, count: 1 }, map: { k: { model: m, graph: c, every: 1s } } }`,
      /k.every: expected no such key beside poisson/,
    ],
    [
      `arrivals: { poisson: { rate: 1, count: 1 }, seed: 3, ${both} }`,
      /seed: expected no such key: it is where each kind has a source/,
    ],
  ])("are checked, with the line: %s", async (text, sentence) => {
    const what = await told(text)
    expect(what).toMatch(sentence)
    expect(what).toMatch(/w.yaml:3:\d+/)
  })
})

describe("the examples with arrivals", () => {
  it.each([
    ["arrivals", 42_000, 42_000],
    ["bursts", 8_000, 8_000],
    ["closed-loop", 4_200, 10],
    ["mix", 2_100, 1_202],
  ])("%s.yaml reads, with %i tasks, %i of them by the clock", async (name, count, timed) => {
    const file = fileURLToPath(new URL(`../../examples/${name}.yaml`, import.meta.url))
    const { tasks } = await Effect.runPromise(readWorkload(file, { allowOutside: false }))
    expect(tasks).toHaveLength(count)
    expect(taskSchedule(tasks).timed).toHaveLength(timed)
  })
})
