// Cora and Citeseer as they lie in the shared data: counts as their README says. They are found by
// GNNSCHED_SHARED (default ../shared) and must be there when CI is set.
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { folderShape, loadFolder } from "../../src/prep/graphFolder.ts"
import { writeGraphFolder } from "../../src/prep/writeGraphFolder.ts"
import { temporaryFolder } from "./files.ts"

const shared = resolve(process.env.GNNSCHED_SHARED ?? join(import.meta.dirname, "../../../shared"))
const data = join(shared, "data")
const isThere = existsSync(data)
const reason = `${data} is not there: set GNNSCHED_SHARED to the folder that holds data/`
if (!isThere) console.warn(`skipped: ${reason}`)

const published = [
  { name: "cora", nodes: 2708, edges: 10556, width: 1433, nonZeros: 49216, isolated: 0, most: 168 },
  {
    name: "citeseer",
    nodes: 3327,
    edges: 9104,
    width: 3703,
    nonZeros: 105165,
    isolated: 48,
    most: 99,
  },
]

describe("the real citation graphs", () => {
  it.runIf(!isThere && process.env.CI)("are there when CI is set", () => {
    expect.fail(reason)
  })

  it.skipIf(!isThere).each(published)("$name has its published counts", (expected) => {
    const path = join(data, expected.name)
    const graph = loadFolder(path)
    expect(graph.shape).toEqual({
      numNodes: expected.nodes,
      numEdges: expected.edges,
      featureWidth: expected.width,
      featureNonZeros: expected.nonZeros,
      hasEdgeWeight: false,
      numGraphs: null,
    })
    expect(folderShape(path)).toEqual(graph.shape)
    const degrees = Array.from(
      graph.rowOffsets.subarray(1),
      (end, node) => end - graph.rowOffsets[node]!,
    )
    expect(degrees.filter((degree) => degree === 0).length).toBe(expected.isolated)
    expect(Math.max(...degrees)).toBe(expected.most)
    if (graph.features.kind !== "csr") expect.fail("features are sparse")
    else expect(new Set(graph.features.values)).toEqual(new Set([1]))
  })

  it.skipIf(!isThere)("survive being written and read again", () => {
    const graph = loadFolder(join(data, "cora"))
    const copy = temporaryFolder()
    writeGraphFolder(graph, copy)
    expect(loadFolder(copy).contentId).toBe(graph.contentId)
  })
})
