// Workloads whose graphs are files of other formats, from end to end: run, simulated, and refused
// with the line of the graph's own file.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ReportJson } from "../../src/cli/report/reportJson.ts"
import { gnnsched } from "./gnnsched.ts"

const folder = mkdtempSync(join(tmpdir(), "gnnsched-files-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const files = {
  "ring.mtx":
    "%%MatrixMarket matrix coordinate real symmetric\n4 4 4\n2 1 1\n3 2 2\n4 3 1\n4 1 2\n",
  "list.csv.gz": gzipSync("from,to\n10,20\n20,30\n"),
  "SET/SET_A.txt": "1, 2\n2, 1\n3, 4\n4, 3\n",
  "SET/SET_graph_indicator.txt": "1\n1\n2\n2\n",
  "SET/SET_node_labels.txt": "0\n1\n1\n2\n",
  "w.yaml": `graphs:
  ring: { path: ring.mtx, features: 3, seed: 1 }
  list: { path: list.csv.gz, features: 3, compact: true, undirected: true }
  set: SET
models: { gcn: { config: gcn.json, weights: { seed: 1 } }, gin: { config: gin.json, weights: { seed: 1 } } }
tasks:
  - { id: ring, model: gcn, graph: ring }
  - { id: list, model: gcn, graph: list }
  - { id: set, model: gin, graph: set }
`,
  "gcn.json": JSON.stringify({
    architecture: "GCN",
    in_channels: 3,
    hidden_channels: 4,
    num_layers: 2,
    out_channels: 2,
  }),
  "gin.json": JSON.stringify({
    architecture: "GIN",
    in_channels: 3,
    hidden_channels: 4,
    num_layers: 2,
    out_channels: 2,
    pooling: "sum",
  }),
}

beforeAll(() => {
  mkdirSync(join(folder, "SET"))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
})

const reportOf = (out: string): ReportJson =>
  JSON.parse(readFileSync(join(out, "report.json"), "utf8"))

describe("a workload of graph files", () => {
  it("runs, and is simulated with the same shapes and bytes", async () => {
    const reports = []
    for (const command of ["run", "simulate"]) {
      const out = join(folder, command)
      const args = [command, join(folder, "w.yaml"), "--quiet", "--out", out]
      const { status, stderr } = await gnnsched(args)
      expect(status, stderr).toBe(0)
      reports.push(reportOf(out))
    }
    const [run, simulated] = reports
    for (const report of [run!, simulated!]) {
      expect(report.tasks.map(({ status }) => status)).toEqual(Array(3).fill("completed"))
      expect(report.graphs).toMatchObject({
        ring: { numNodes: 4, numEdges: 8, hasEdgeWeight: true },
        list: { numNodes: 3, numEdges: 4, hasEdgeWeight: false },
        set: { numNodes: 4, numEdges: 4, featureWidth: 3, numGraphs: 2 },
      })
    }
    const bytes = (report: ReportJson) => report.tasks.map((task) => task.predictedPeakBytes)
    expect(bytes(simulated!)).toEqual(bytes(run!))
  })

  it.each(["run", "simulate"])(
    "is refused by %s with the line of the broken file",
    async (name) => {
      const broken = join(folder, `${name}-broken.mtx`)
      writeFileSync(broken, files["ring.mtx"].replace("3 2 2", "3 9 2"))
      const workload = join(folder, `${name}-broken.yaml`)
      writeFileSync(workload, files["w.yaml"].replace("ring.mtx", `${name}-broken.mtx`))
      const { status, stderr } = await gnnsched([name, workload, "--quiet"])
      expect(status).toBe(2)
      expect(stderr).toContain(`${broken}, at line 4: expected a column from 1 to 4, found 9.`)
    },
  )
})
