// Graphs of every text format through the whole runtime: the cpu device beside the float64
// reference, one resident graph for the same edges whatever file they came from, typed errors.
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ModelSource } from "../../src/model/GnnModel.ts"
import type { GraphSource } from "../../src/model/Graph.ts"
import { Runtime } from "../../src/runtime/Runtime.ts"
import type { RuntimeApi } from "../../src/runtime/RuntimeApi.ts"
import { sharedFolder } from "../golden/goldenCases.ts"
import { temporaryFolder } from "../prep/files.ts"
import { relativeError } from "./randomGraphs.ts"
import { runExactly } from "./runExactly.ts"

const data = join(sharedFolder, "data")
const isThere = existsSync(data)
if (!isThere) console.warn(`skipped: ${data} is not there: set GNNSCHED_SHARED`)

const network = (architecture: string, inWidth: number, pooling?: string): ModelSource => ({
  kind: "arrays",
  name: architecture,
  config: {
    architecture,
    in_channels: inWidth,
    hidden_channels: 32,
    num_layers: 3,
    out_channels: 2,
    ...(pooling === undefined ? {} : { pooling }),
  },
  weights: { seed: 7 },
})

const memoryBytes = 256 * 2 ** 20
let cpu: RuntimeApi
let reference: RuntimeApi
beforeAll(async () => {
  cpu = await Runtime.open({ memoryBytes })
  reference = await Runtime.open({ memoryBytes, device: "reference" })
})
afterAll(async () => {
  await cpu.close()
  await reference.close()
})

const graphsOf = (file: string) => join(data, "graphs", file)
const random = { kind: "random", width: 24, seed: 5 } as const
const real: ReadonlyArray<readonly [string, GraphSource, ModelSource, number]> = [
  ["MUTAG", { kind: "folder", path: join(data, "MUTAG") }, network("GIN", 7, "sum"), 188],
  ["PROTEINS", { kind: "folder", path: join(data, "PROTEINS") }, network("GIN", 4, "mean"), 1113],
  [
    "ca-GrQc",
    { kind: "matrixMarket", path: graphsOf("ca-GrQc.mtx"), features: { kind: "identity" } },
    network("GCN", 4158),
    4158,
  ],
  [
    "p2p-Gnutella08",
    { kind: "matrixMarket", path: graphsOf("p2p-Gnutella08.mtx.gz"), features: random },
    network("GAT", 24),
    6301,
  ],
  [
    "email-Eu-core, undirected",
    {
      kind: "edgeList",
      path: graphsOf("email-Eu-core.txt.gz"),
      undirected: true,
      features: { kind: "degree", most: 400 },
    },
    network("GraphSAGE", 401),
    1005,
  ],
]

describe("a network on a graph of a text file", () => {
  it.skipIf(!isThere).each(real)("gives the reference's numbers on %s", async (...row) => {
    const [, graph, model, rows] = row
    const want = await runExactly(reference, graph, model)
    const got = await runExactly(cpu, graph, model)
    expect([got.rows, got.cols]).toEqual([rows, 2])
    expect(relativeError(got.data, want.data)).toBeLessThan(1e-4)
  })

  it("is one resident graph however its edges are written down", async () => {
    const folder = temporaryFolder()
    const files = {
      "g.txt": "# a comment\n0\t1\n1\t2\n",
      "g.csv": "source,target\n0,1\n1,2\n",
      "g.mtx": "%%MatrixMarket matrix coordinate pattern general\n3 3 2\n1 2\n2 3\n",
    }
    const ids = []
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name)
      writeFileSync(path, text)
      const kind = name.endsWith(".mtx") ? "matrixMarket" : "edgeList"
      const { id, shape } = await cpu.loadGraph({ kind, path, features: { kind: "ones" } })
      expect(shape).toMatchObject({ numNodes: 3, numEdges: 2, featureWidth: 1 })
      ids.push(id)
    }
    expect(new Set(ids).size).toBe(1)
  })

  it("fails with the file and the line where it is broken, as an error of the package", async () => {
    const path = join(temporaryFolder(), "broken.txt")
    writeFileSync(path, "0 1\n1 two\n")
    const loading = cpu.loadGraph({ kind: "edgeList", path, features: { kind: "ones" } })
    await expect(loading).rejects.toMatchObject({
      _tag: "BadFile",
      file: path,
      place: "line 2",
      expected: "a node id, a whole number from 0",
      found: '"two"',
    })
  })
})
