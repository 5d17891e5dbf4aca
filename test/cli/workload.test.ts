// The workload file: what it expands to, and how each thing that can be wrong with it is told.
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Result } from "effect"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeError, type GnnschedError } from "../../src/cli/describeError.ts"
import { readWorkload } from "../../src/cli/workload/readWorkload.ts"
import { outputName, type Workload } from "../../src/cli/workload/Workload.ts"

let folder = ""
let outside = ""

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gnnsched-workload-"))
  outside = mkdtempSync(join(tmpdir(), "gnnsched-outside-"))
  for (const place of [folder, outside]) {
    mkdirSync(join(place, "data/cora"), { recursive: true })
    mkdirSync(join(place, "models"))
    writeFileSync(join(place, "models/gcn.json"), "{}")
    writeFileSync(join(place, "models/gcn.safetensors"), "")
    writeFileSync(join(place, "data/g.mtx"), "")
    writeFileSync(join(place, "data/e.csv.gz"), "")
  }
  symlinkSync(join(outside, "data/cora"), join(folder, "data/linked"))
  mkdirSync(join(folder, "data/mixed"))
  symlinkSync(join(outside, "models/gcn.json"), join(folder, "data/mixed/x.npy"))
  symlinkSync(join(folder, "data/cora"), join(folder, "data/inner-link"))
  symlinkSync(join(outside, "data/g.mtx"), join(folder, "data/linked.mtx"))
})

afterAll(() => {
  for (const place of [folder, outside]) rmSync(place, { recursive: true, force: true })
})

const read = (text: string, allowOutside = false) => {
  const file = join(folder, "w.yaml")
  writeFileSync(file, text)
  return Effect.runPromise(Effect.result(readWorkload(file, { allowOutside })))
}

const good = async (text: string, allowOutside = false): Promise<Workload> => {
  const result = await read(text, allowOutside)
  if (Result.isFailure(result)) throw new Error(describeError(result.failure).what)
  return result.success
}

const bad = async (text: string, allowOutside = false): Promise<GnnschedError> => {
  const result = await read(text, allowOutside)
  if (Result.isSuccess(result)) throw new Error("it was accepted")
  return result.failure
}

const head = "graphs: { c: data/cora }\nmodels: { m: models/gcn.json }\n"
const one = (fields: string) => `${head}tasks:\n  - { id: t, model: m, graph: c, ${fields} }\n`

describe("a workload file", () => {
  it.runIf(existsSync("/dev/zero"))("is refused when it has no end", async () => {
    const result = await Effect.runPromise(
      Effect.result(readWorkload("/dev/zero", { allowOutside: false })),
    )
    expect(Result.isFailure(result) && result.failure).toMatchObject({
      _tag: "BadFile",
      found: "more",
    })
  })

  it("tells what is wrong with its text in plain words", async () => {
    const nested = await bad("[".repeat(20_000))
    expect(nested).toMatchObject({ _tag: "BadFile", found: "values nested too deeply" })
    const two = await bad("a: 1\n---\nb: 2\n")
    expect(two).toMatchObject({ place: "line 2:1", found: "Source contains multiple documents" })
  })

  it("expands a count into numbered tasks, each a period after the last", async () => {
    const { tasks } = await good(one("at: 10ms, count: 3, every: 5ms, deadline: 2s, priority: -1"))
    expect(tasks.map(({ id, atMs }) => [id, atMs])).toEqual([
      ["t/0", 10],
      ["t/1", 15],
      ["t/2", 20],
    ])
    expect(tasks[2]).toMatchObject({ deadlineMs: 2000, priority: -1, tenant: "default" })
  })

  it("keeps the id of a task without a count, and numbers a count of 1", async () => {
    expect((await good(one("at: 0"))).tasks[0]?.id).toBe("t")
    expect((await good(one("count: 1"))).tasks[0]?.id).toBe("t/0")
  })

  it("expands any count to as many tasks with different output files", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.nat(50), async (count, every) => {
        const { tasks } = await good(one(`count: ${count}, every: ${every}`))
        expect(tasks).toHaveLength(count)
        expect(new Set(tasks.map(({ id }) => outputName(id))).size).toBe(count)
        expect(tasks.every(({ atMs }, index) => atMs === index * every)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it("takes null for an optional field of a task as if the field were not there", async () => {
    const fields = "at, tenant, priority, count, every, nodes, share".replace(/\w+/g, "$&: null")
    expect((await good(one(fields))).tasks).toEqual((await good(one("at: 0"))).tasks)
    const text = `${head}defaults: { model: m, graph: null }
tasks: [{ id: t, model: null, graph: c }]
arrivals: { poisson: { rate: 5/s, count: 1 }, map: { k: { model: null, graph: c, share: null } } }`
    expect((await good(text)).tasks.map(({ id, model }) => [id, model])).toEqual([
      ["t", "m"],
      ["k/0", "m"],
    ])
  })

  it("shares work unless the file, or the task, says no", async () => {
    const text = `${head}tasks: [{ id: x, model: m, graph: c, share: false }, { id: y, model: m, graph: c }]
arrivals: { poisson: { rate: 5/s, count: 1 }, map: { k: { model: m, graph: c } } }\n`
    const sharesOf = async (file: string) => (await good(file)).tasks.map(({ share }) => share)
    expect(await sharesOf(text)).toEqual([false, true, true])
    expect(await sharesOf(`${text}defaults: { share: false }`)).toEqual([false, false, false])
    const wrong = one('share: "no"')
    expect(await bad(wrong)).toMatchObject({ path: "tasks[0].share", found: '"no"' })
  })

  it("refuses null where something must be, and a key that is not known", async () => {
    expect(await bad(one("nodez: null"))).toMatchObject({ path: "tasks[0].nodez" })
    expect(await bad(`${head}tasks: [{ id: null, model: m, graph: c }]`)).toMatchObject({
      path: "tasks[0].id",
      found: "null",
    })
    expect(await bad(`${head}tasks: [{ id: t, model: null, graph: c }]`)).toMatchObject({
      path: "tasks[0].model",
    })
  })

  it("asks for a model's JSON where its weights are named, and names it when it is there", async () => {
    const tasks = "graphs: { c: data/cora }\ntasks: [{ id: t, model: m, graph: c }]\n"
    const named = await bad(`${tasks}models: { m: models/gcn.safetensors }`)
    expect(describeError(named).what).toMatch(
      /w\.yaml:3:\d+, at models\.m: .*JSON.*did you mean models\/gcn\.json\?.*gcn\.safetensors/,
    )
    const alone = await bad(`${tasks}models: { m: { config: models/no.safetensors } }`)
    expect(alone).toMatchObject({ _tag: "BadConfig", path: "models.m.config" })
    expect(describeError(alone).what).not.toContain("did you mean")
  })

  it("applies defaults, and null turns a default deadline off", async () => {
    const text =
      "graphs: { c: data/cora }\nmodels: { m: models/gcn.json }\n" +
      "defaults: { deadline: 500ms, tenant: a, model: m, graph: c, priority: 4 }\n" +
      "tasks: [{ id: x }, { id: y, deadline: null, tenant: b }]"
    const { tasks, tenants } = await good(text)
    expect(tasks[0]).toMatchObject({ deadlineMs: 500, tenant: "a", model: "m", priority: 4 })
    expect(tasks[1]).toMatchObject({ deadlineMs: null, tenant: "b" })
    expect(tenants).toEqual([
      { id: "a", weight: 1 },
      { id: "b", weight: 1 },
    ])
  })

  it("resolves paths against its own folder, weights beside the model's JSON", async () => {
    const { graphs, models } = await good(one("at: 0"))
    expect(graphs.get("c")).toEqual({ kind: "folder", path: join(folder, "data/cora") })
    expect(models.get("m")).toEqual({
      kind: "file",
      configPath: join(folder, "models/gcn.json"),
      weights: { path: join(folder, "models/gcn.safetensors") },
    })
  })

  it("takes presets and seeded weights", async () => {
    const { graphs, models } = await good(
      "graphs: { p: { preset: cora, seed: 3, scale: 0.5 } }\n" +
        "models: { r: { config: models/gcn.json, weights: { seed: 9 } } }\n" +
        "tasks: [{ id: t, model: r, graph: p, nodes: [2, 0, 2] }]",
    )
    expect(graphs.get("p")).toEqual({ kind: "preset", preset: "cora", seed: 3, scale: 0.5 })
    expect(models.get("r")).toMatchObject({ weights: { seed: 9 } })
  })

  it("takes files of graphs and TU folders, with what they do not say themselves", async () => {
    const { graphs } = await good(
      `graphs:
  m: { path: data/g.mtx, features: 64, seed: 3, undirected: true }
  e: { path: data/e.csv.gz, features: degree:9, compact: true }
  o: { path: data/g.mtx, features: ones, undirected: false }
  t: { path: data/cora, features: labels }
  f: { path: data/cora }
models: { r: models/gcn.json }
tasks: [{ id: t, model: r, graph: m }]`,
    )
    expect(Object.fromEntries(graphs)).toEqual({
      m: {
        kind: "matrixMarket",
        path: join(folder, "data/g.mtx"),
        features: { kind: "random", width: 64, seed: 3 },
        undirected: true,
      },
      e: {
        kind: "edgeList",
        path: join(folder, "data/e.csv.gz"),
        features: { kind: "degree", most: 9 },
        compact: true,
      },
      o: { kind: "matrixMarket", path: join(folder, "data/g.mtx"), features: { kind: "ones" } },
      t: { kind: "folder", path: join(folder, "data/cora"), features: { kind: "labels" } },
      f: { kind: "folder", path: join(folder, "data/cora") },
    })
  })

  it("may be JSON", async () => {
    const text = JSON.stringify({
      graphs: { c: "data/cora" },
      models: { m: "models/gcn.json" },
      tasks: [{ id: "j", model: "m", graph: "c" }],
    })
    expect((await good(text)).tasks[0]?.id).toBe("j")
  })

  it("follows a link that stays inside the folder", async () => {
    const text = one("at: 0").replace("data/cora", "data/inner-link")
    expect((await good(text)).tasks).toHaveLength(1)
  })

  it("takes files outside its folder when it is allowed to", async () => {
    const text = one("at: 0").replace("data/cora", `${outside}/data/cora`)
    expect((await good(text, true)).graphs.get("c")).toEqual({
      kind: "folder",
      path: join(outside, "data/cora"),
    })
  })
})

/** name, text, tag, path inside the file, a part of the sentence. */
const wrong: ReadonlyArray<readonly [string, string, string, string, RegExp]> = [
  ["an unknown key", one("dedline: 5ms"), "BadConfig", "tasks[0].dedline", /did you mean deadline/],
  [
    "an unknown key at the top",
    `${one("at: 0")}task: []`,
    "BadConfig",
    "task",
    /did you mean tasks/,
  ],
  [
    "a bad duration",
    one("deadline: 5 parsecs"),
    "BadConfig",
    "tasks[0].deadline",
    /500ms.*parsecs/,
  ],
  ["a deadline of zero", one("deadline: 0"), "BadConfig", "tasks[0].deadline", /more than 0/],
  ["a negative time", one("at: -5"), "BadConfig", "tasks[0].at", /found -5/],
  ["a negative count", one("count: -1"), "BadConfig", "tasks[0].count", /1 to 1000000/],
  ["a fraction of a task", one("count: 1.5"), "BadConfig", "tasks[0].count", /found 1.5/],
  ["a count beyond the limit", one("count: 1000001"), "BadConfig", "tasks[0].count", /1000001/],
  ["every without count", one("every: 5ms"), "BadConfig", "tasks[0].every", /count beside it/],
  ["a negative node", one("nodes: [0, -1]"), "BadConfig", "tasks[0].nodes[1]", /found -1/],
  ["no nodes", one("nodes: []"), "BadConfig", "tasks[0].nodes", /1 to 10000000 node ids/],
  ["a priority that is no number", one("priority: high"), "BadConfig", "tasks[0].priority", /high/],
  [
    "an unknown model",
    `${head}tasks: [{ id: t, model: n, graph: c }]`,
    "BadConfig",
    "tasks[0].model",
    /declared model: m/,
  ],
  [
    "an unknown graph",
    `${head}tasks: [{ id: t, model: m, graph: cora }]`,
    "BadConfig",
    "tasks[0].graph",
    /found "cora"/,
  ],
  [
    "a graph named like a method",
    `${head}tasks: [{ id: t, model: m, graph: toString }]`,
    "BadConfig",
    "tasks[0].graph",
    /toString/,
  ],
  [
    "no graph",
    `${head}tasks: [{ id: t, model: m }]`,
    "BadConfig",
    "tasks[0].graph",
    /found nothing/,
  ],
  ["no id", `${head}tasks: [{ model: m, graph: c }]`, "BadConfig", "tasks[0].id", /a task id/],
  [
    "an id that is a number",
    `${head}tasks: [{ id: 3, model: m, graph: c }]`,
    "BadConfig",
    "tasks[0].id",
    /found 3/,
  ],
  [
    "an id that climbs",
    `${head}tasks: [{ id: "..", model: m, graph: c }]`,
    "BadConfig",
    "tasks[0].id",
    /name a file/,
  ],
  [
    "an id with a line break",
    `${head}tasks: [{ id: "a\\nb", model: m, graph: c }]`,
    "BadConfig",
    "tasks[0].id",
    /name a file/,
  ],
  [
    "an undeclared tenant",
    `${one("tenant: alise")}tenants: { alice: {} }`,
    "BadConfig",
    "tasks[0].tenant",
    /did you mean alice/,
  ],
  [
    "a missing tenant where tenants are declared",
    `${one("at: 0")}tenants: { alice: {} }`,
    "BadConfig",
    "tasks[0].tenant",
    /declared tenant/,
  ],
  [
    "an undeclared default tenant",
    `${one("at: 0")}tenants: { a: {} }\ndefaults: { tenant: b }`,
    "BadConfig",
    "defaults.tenant",
    /found "b"/,
  ],
  [
    "a weight of zero",
    `${one("at: 0")}tenants: { a: { weight: 0 } }`,
    "BadConfig",
    "tenants.a.weight",
    /greater than 0/,
  ],
  [
    "a duplicate id",
    `${head}tasks:\n  - { id: t, model: m, graph: c }\n  - { id: t, model: m, graph: c }`,
    "BadConfig",
    "tasks[1].id",
    /tasks\[0\] has it/,
  ],
  [
    "a duplicate id after expansion",
    `${head}tasks:\n  - { id: t/1, model: m, graph: c }\n  - { id: t, model: m, graph: c, count: 2 }`,
    "BadConfig",
    "tasks[1].id",
    /found "t\/1"/,
  ],
  [
    "ids with one output file",
    `${head}tasks:\n  - { id: a/b, model: m, graph: c }\n  - { id: a_b, model: m, graph: c }`,
    "BadConfig",
    "tasks[1].id",
    /a_b\.npy/,
  ],
  ["no tasks", `${head}tasks: []`, "BadConfig", "tasks", /at least one task/],
  [
    "a missing section",
    "graphs: {}\ntasks: []",
    "BadConfig",
    "models",
    /mapping of names to models/,
  ],
  ["a list at the top", "- 1", "BadConfig", "", /a workload/],
  ["an empty file", "", "BadConfig", "", /a workload/],
  [
    "a preset that is not there",
    one("at: 0").replace("data/cora", "{ preset: coral }"),
    "BadConfig",
    "graphs.c.preset",
    /did you mean cora/,
  ],
  [
    "a scale above 1",
    one("at: 0").replace("data/cora", "{ preset: cora, scale: 2 }"),
    "BadConfig",
    "graphs.c.scale",
    /at most 1/,
  ],
  [
    "a graph that is null",
    one("at: 0").replace("data/cora", "null"),
    "BadConfig",
    "graphs.c",
    /path of a graph folder or a \.mtx/,
  ],
  [
    "a file without features",
    one("at: 0").replace("data/cora", "data/g.mtx"),
    "BadConfig",
    "graphs.c.features",
    /64 .*ones.*found nothing/,
  ],
  [
    "features that are none",
    one("at: 0").replace("data/cora", "{ path: data/g.mtx, features: twos }"),
    "BadConfig",
    "graphs.c.features",
    /degree:64.*found .twos/,
  ],
  [
    "features 0 wide",
    one("at: 0").replace("data/cora", "{ path: data/g.mtx, features: 0 }"),
    "BadConfig",
    "graphs.c.features",
    /found 0/,
  ],
  [
    "a matrix of ids",
    one("at: 0").replace("data/cora", "{ path: data/g.mtx, features: 4, compact: true }"),
    "BadConfig",
    "graphs.c.compact",
    /an edge list/,
  ],
  [
    "an undirected folder",
    one("at: 0").replace("data/cora", "{ path: data/cora, undirected: true }"),
    "BadConfig",
    "graphs.c.undirected",
    /a file beside it/,
  ],
  [
    "a path and a preset",
    one("at: 0").replace("data/cora", "{ path: data/g.mtx, preset: cora }"),
    "BadConfig",
    "graphs.c.path",
    /beside preset/,
  ],
  [
    "a preset with features",
    one("at: 0").replace("data/cora", "{ preset: cora, features: 4 }"),
    "BadConfig",
    "graphs.c.features",
    /beside preset/,
  ],
  [
    "a file with a scale",
    one("at: 0").replace("data/cora", "{ path: data/g.mtx, features: 4, scale: 1 }"),
    "BadConfig",
    "graphs.c.scale",
    /beside path/,
  ],
  [
    "a seed for nothing random",
    one("at: 0").replace("data/cora", "{ path: data/g.mtx, features: ones, seed: 1 }"),
    "BadConfig",
    "graphs.c.seed",
    /random features/,
  ],
  [
    "a graph of nothing",
    one("at: 0").replace("data/cora", "{ seed: 1 }"),
    "BadConfig",
    "graphs.c",
    /a path or a preset/,
  ],
  [
    "a misspelt key of a graph",
    one("at: 0").replace("data/cora", "{ path: data/g.mtx, feature: 4 }"),
    "BadConfig",
    "graphs.c.feature",
    /did you mean features/,
  ],
]

describe("a wrong workload file", () => {
  it.each(wrong)("is refused for %s, with the place", async (_, text, tag, path, sentence) => {
    const error = await bad(text)
    expect(error._tag).toBe(tag)
    expect(error).toMatchObject({ path })
    expect((error as { file: string }).file).toMatch(/w\.yaml:\d+:\d+$/)
    expect(describeError(error).what).toMatch(sentence)
  })

  it.each([
    ["a mapping that does not end", `${head}tasks: {`, /line 3/],
    ["a key given twice", `${head}tasks: [{ id: t, id: u, model: m, graph: c }]`, /unique/],
    ["a tag that runs code elsewhere", `${head}tasks: !!js/function "x"`, /tag/],
    ["two documents", `${one("at: 0")}---\n${one("at: 0")}`, /documents/],
  ])("is refused for %s, with the line", async (_, text, sentence) => {
    const error = await bad(text)
    expect(error._tag).toBe("BadFile")
    expect(describeError(error).what).toMatch(sentence)
    expect((error as { place: string }).place).toMatch(/^line \d+:\d+$/)
  })

  it("is refused when its aliases would blow it up", async () => {
    const level = (name: string, of: string) => `${name}: &${name} [${`*${of}, `.repeat(9)}]\n`
    const bomb = `a: &a [1]\n${level("b", "a")}${level("c", "b")}${level("d", "c")}${level("e", "d")}`
    const error = await bad(bomb + one("at: 0"))
    expect(error).toMatchObject({ _tag: "BadConfig" })
    expect(describeError(error).what).toMatch(/alias/)
  })

  it("is refused when counts add up beyond the limit", async () => {
    const task = (id: string) => `{ id: ${id}, model: m, graph: c, count: 600000 }`
    const error = await bad(`${head}tasks: [${task("a")}, ${task("b")}]`)
    expect(error).toMatchObject({
      _tag: "BadConfig",
      path: "tasks[1].count",
      found: "1200000 tasks",
    })
  })

  it.each([
    ["dots", () => "../elsewhere"],
    ["an absolute path", () => `${outside}/data/cora`],
    ["a link to a folder", () => "data/linked"],
    ["a link inside a folder", () => "data/mixed"],
    ["a link to a file", () => "{ path: data/linked.mtx, features: 4 }"],
  ])("may not leave its folder by %s", async (_, path) => {
    expect(await bad(one("at: 0").replace("data/cora", path()))).toMatchObject({
      _tag: "PathOutside",
    })
  })

  it("may not take weights from outside its folder", async () => {
    const weights = `{ config: models/gcn.json, weights: ${outside}/models/gcn.safetensors }`
    const error = await bad(one("at: 0").replace("models/gcn.json", weights))
    expect(error._tag).toBe("PathOutside")
  })

  it("names a graph folder that is missing", async () => {
    const error = await bad(one("at: 0").replace("data/cora", "data/nope"))
    expect(error).toMatchObject({ _tag: "FileUnreadable", file: join(folder, "data/nope") })
  })

  it("is refused when it is not text", async () => {
    const file = join(folder, "binary.yaml")
    writeFileSync(file, Uint8Array.of(0xff, 0xfe, 0x80))
    const result = await Effect.runPromise(
      Effect.result(readWorkload(file, { allowOutside: false })),
    )
    expect(Result.isFailure(result) && result.failure._tag).toBe("BadFile")
  })
})
