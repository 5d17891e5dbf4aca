// The command line as a process: help, exit statuses, errors in one block and as JSON.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { gnnsched } from "./gnnsched.ts"

const folder = mkdtempSync(join(tmpdir(), "gnnsched-cli-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const gcn = fileURLToPath(new URL("../../examples/models/gcn-cora.json", import.meta.url))

const fileOf = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

describe("help", () => {
  const commands = ["run", "simulate", "replay", "explain", "estimate", "generate", "convert"]
  it.each([...commands, "inspect", "doctor"])(
    "of %s has worked examples and ends with 0",
    async (command) => {
      const { status, stdout } = await gnnsched([command, "--help"])
      expect(status).toBe(0)
      expect(stdout).toContain("EXAMPLES")
      expect(stdout).toContain(`gnnsched ${command}`)
    },
  )

  it("says the defaults, and lists a choice once", async () => {
    const run = (await gnnsched(["run", "--help"])).stdout
    for (const value of ["slo", "all", "continuous", "run", "cpu", "table"]) {
      expect(run).toContain(`; default: ${value} (choices`)
    }
    const generate = (await gnnsched(["generate", "--help"])).stdout
    expect(generate).toMatch(/--seed.*default: 0/)
    expect(generate).toMatch(/--scale.*default: 1/)
    expect(generate.split("ogbn-arxiv")).toHaveLength(2)
  })

  it("says the version and makes completions", async () => {
    expect((await gnnsched(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+/)
    const { status, stdout } = await gnnsched(["--completions", "bash"])
    expect(status).toBe(0)
    expect(stdout).toContain("estimate")
  })
})

describe("a wrong command line", () => {
  it.each<readonly [string, ReadonlyArray<string>, RegExp]>([
    ["a command that is not there", ["rnu", "x.yaml"], /rnu.*did you mean run/],
    [
      "a flag that is not there",
      ["run", "x.yaml", "--polcy", "base"],
      /--polcy.*did you mean --policy/,
    ],
    ["a policy that is not there", ["run", "x.yaml", "--policy", "best"], /"best".*"base"/],
    ["a size that is none", ["run", "x.yaml", "--memory", "lots"], /"lots".*512MiB/],
    ["too many lanes", ["run", "x.yaml", "--lanes", "65"], /--lanes.*from 1 to 64/],
    [
      "lanes that are no number",
      ["run", "x.yaml", "--lanes", "x"],
      /"x".*a whole number from 1 to 64/,
    ],
    ["half a lane", ["run", "x.yaml", "--lanes", "1.5"], /a whole number from 1 to 64/],
    [
      "weights for a model",
      ["estimate", "--model", "m.safetensors", "--nodes", "1"],
      /--model: expected a model's JSON/,
    ],
    ["no workload", ["run"], /Missing required argument/],
    ["a preset that is not there", ["generate", "--preset", "coral", "--out", "x"], /"coral"/],
    ["half a shape", ["estimate", "--model", gcn, "--nodes", "5"], /--edges/],
    [
      "a graph and a shape",
      ["estimate", "--model", gcn, "--graph", "preset:cora", "--nodes", "5"],
      /not both/,
    ],
    [
      "a width that does not fit",
      ["estimate", "--model", gcn, "--nodes", "5", "--edges", "4", "--features", "3"],
      /gcn-cora\.json.*in_channels.*1433/,
    ],
    [
      "a workload that is not there",
      ["run", "nope.yaml"],
      /nope\.yaml cannot be read: no such file/,
    ],
    ["a graph that is not there", ["inspect", "nope"], /nope cannot be read/],
    ["an edge list that is not there", ["inspect", "nope.txt.gz"], /nope\.txt\.gz cannot be read/],
    [
      "a file without a word on its features",
      ["estimate", "--model", gcn, "--graph", "g.mtx"],
      /--features: expected 64 .* ones, identity, or degree:64 .* found nothing/,
    ],
    [
      "features that are none",
      ["inspect", "g.mtx", "--features", "twos"],
      /"twos".*ones, identity, or degree:64/,
    ],
    [
      "degrees where a width is asked for",
      ["estimate", "--model", gcn, "--nodes", "5", "--edges", "4", "--features", "degree:3"],
      /--features: expected a width/,
    ],
    [
      "features for a preset",
      ["inspect", "preset:cora", "--features", "ones"],
      /--features: expected the path of a graph beside it, found preset:cora/,
    ],
    [
      "ids of a matrix numbered anew",
      ["inspect", "g.mtx", "--compact"],
      /--compact: expected an edge list/,
    ],
    [
      "both directions of a folder",
      ["convert", ".", "--undirected", "--out", "x"],
      /--undirected: expected a file/,
    ],
  ])("ends with 2 for %s, in one block without a stack", async (_, args, sentence) => {
    const { status, stdout, stderr } = await gnnsched(args, { cwd: folder })
    expect(stderr).toMatch(sentence)
    expect(stderr).toMatch(/^gnnsched: /)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stdout).toBe("")
    expect(status).toBe(2)
  })

  it("is told as JSON where JSON was asked for", async () => {
    const flag = await gnnsched(["run", "x.yaml", "--lanes", "none", "--format", "json"])
    expect(JSON.parse(flag.stderr).error).toMatchObject({ tag: "InvalidValue" })
    const file = fileOf("bad.yaml", "tasks: [{ id: 1 }]")
    const { status, stderr, stdout } = await gnnsched(["run", file, "--format=json"])
    expect(JSON.parse(stderr).error).toMatchObject({ tag: "BadConfig", file: `${file}:1:1` })
    expect(stdout).toBe("")
    expect(status).toBe(2)
  })

  it("does not run the unsafe policy by accident, and writes nothing", async () => {
    const text = `graphs: { c: { preset: cora, scale: 0.05 } }
models: { m: { config: gcn.json, weights: { seed: 1 } } }
tasks: [{ id: t, model: m, graph: c }]`
    fileOf("gcn.json", JSON.stringify({ architecture: "GCN" }))
    const file = fileOf("unsafe.yaml", text)
    const out = join(folder, "unsafe-out")
    const { status, stderr } = await gnnsched(["run", file, "--policy", "unsafe", "--out", out])
    expect(stderr).toMatch(/--i-know/)
    expect(existsSync(out)).toBe(false)
    expect(status).toBe(2)
  })
})

describe("estimate and inspect", () => {
  it("answer for a preset without loading anything, the peak among the operators", async () => {
    const args = ["estimate", "--model", gcn, "--graph", "preset:cora", "--format", "json"]
    const { status, stdout } = await gnnsched([...args, "--memory", "1MiB"])
    const estimate = JSON.parse(stdout)
    expect(status).toBe(0)
    expect(estimate.operators[estimate.peak.operator].name).toBe(estimate.peak.name)
    expect(estimate.operators[estimate.peak.operator].liveBytes).toBe(estimate.livePeakBytes)
    expect(estimate.footprintBytes).toBe(estimate.arenaBytes + estimate.residentBytes)
    expect(estimate.fits).toBe(estimate.footprintBytes <= 2 ** 20)
  })

  it("generate a folder that inspect reads back as the same graph, and never into a full one", async () => {
    const out = join(folder, "small")
    const generate = ["generate", "--preset", "cora", "--scale", "0.1", "--seed", "4"]
    const made = await gnnsched([...generate, "--out", out, "--format", "json"])
    const facts = await gnnsched(["inspect", out, "--format", "json"])
    expect(made.status).toBe(0)
    expect(JSON.parse(facts.stdout).graph.contentId).toBe(JSON.parse(made.stdout).contentId)
    const again = await gnnsched([...generate, "--out", out])
    expect(again.status).toBe(2)
    expect(again.stderr).toMatch(/not empty/)
  })

  it("take a file of edges, and convert it to a folder of the same graph", async () => {
    const list = fileOf("edges.csv", "source,target\n0,1\n1,2\n7,0\n")
    const flags = ["--undirected", "--compact", "--features", "degree:2", "--format", "json"]
    const facts = await gnnsched(["inspect", list, ...flags])
    expect(JSON.parse(facts.stdout).graph).toMatchObject({ numNodes: 4, numEdges: 6 })
    const out = join(folder, "edges")
    const made = await gnnsched(["convert", list, ...flags, "--out", out])
    expect(made.status).toBe(0)
    const again = await gnnsched(["inspect", out, "--format", "json"])
    const { contentId } = JSON.parse(made.stdout)
    expect(JSON.parse(facts.stdout).graph.contentId).toBe(contentId)
    expect(JSON.parse(again.stdout).graph.contentId).toBe(contentId)
    const bare = await gnnsched(["inspect", list])
    expect(bare.stdout).toMatch(/nodes +8\n.*features +1 wide/s)
  })

  it("know a graph file by its name, with the features that are asked for", async () => {
    const banner = "%%MatrixMarket matrix coordinate pattern symmetric"
    const matrix = fileOf("small.mtx", `${banner}\n3 3 2\n2 1\n3 3\n`)
    const args = ["estimate", "--model", gcn, "--graph", matrix, "--format", "json"]
    const { status, stdout, stderr } = await gnnsched([...args, "--features", "1433"])
    expect(status, stderr).toBe(0)
    expect(JSON.parse(stdout).graph).toMatchObject({ numNodes: 3, numEdges: 3 })
    const other = await gnnsched([...args, "--features", "ones"])
    expect(other.status).toBe(2)
    expect(other.stderr).toMatch(/1433/)
  })

  it.runIf(existsSync("/dev/full"))("say so when the disk is full, without a trace", async () => {
    const { status, stderr } = await gnnsched(["inspect", gcn], { stdoutFile: "/dev/full" })
    expect(stderr).toBe("gnnsched: stdout cannot be written: no space left.\n")
    expect(status).toBe(2)
  })

  it("survive a reader that leaves early", async () => {
    const { status, stderr } = await gnnsched(["inspect", gcn], { closeEarly: true })
    expect(stderr).toBe("")
    expect(status).toBe(0)
  })
})
