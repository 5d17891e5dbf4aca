// Whole runs on a GPU, for gpu-check.sh: `node checks.mjs NAME RESULT [--emulated]`.
//   mix         200 tasks together have the bits they have alone, in the predicted bytes
//   throughput  tasks per second together against one after another, for small, mixed and large sets
//   growth      1,000 tasks take no memory of the GPU that the first hundred did not
// What was found goes to RESULT as JSON. Exit status 1 when it is not as it should be.
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createRequire } from "node:module"

const [name, file, flag] = process.argv.slice(2)
const emulated = flag === "--emulated"
const { Runtime } = await import(process.env.GNNSCHED_INDEX ?? "../../dist/index.js")
const addonPath = process.env.GNNSCHED_ADDON

const sets = emulated
  ? { small: ["PROTEINS_full"], mixed: ["artist", "PROTEINS_full"], large: ["artist"] }
  : {
      small: ["cora", "citeseer", "pubmed"],
      mixed: ["cora", "pubmed", "artist", "PROTEINS_full", "soc-BlogCatalog"],
      large: ["amazon0601", "Yeast", "OVCAR-8H"],
    }
/** On the emulator every graph is tiny: what is checked there is this program. */
const scale = emulated ? 0.002 : 1
const architectures = ["GCN", "GraphSAGE", "GAT", "GIN"]

const save = (result) => writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)

const open = (options) =>
  Runtime.open({ device: "cuda", inProcess: true, ...(addonPath && { addonPath }), ...options })

/** Tasks on the graphs of a set in turn, each with weights of its own: no task answers another. */
const loadTasks = async (runtime, set, count) => {
  const graphs = []
  for (const preset of sets[set]) {
    graphs.push(await runtime.loadGraph({ kind: "preset", preset, seed: 1, scale }))
  }
  const tasks = []
  for (let i = 0; i < count; i++) {
    const graph = graphs[i % graphs.length]
    const architecture = architectures[Math.floor(i / graphs.length) % architectures.length]
    const config = {
      architecture,
      in_channels: graph.shape.featureWidth,
      hidden_channels: architecture === "GAT" ? 32 : 64,
      num_layers: 2,
      out_channels: 16,
      ...(architecture === "GAT" ? { heads: 4 } : {}),
    }
    const weights = { seed: i }
    const model = await runtime.loadModel({ kind: "arrays", name: `m${i}`, config, weights })
    tasks.push({ graph, model })
  }
  return tasks
}

const together = (runtime, tasks) => Promise.all(tasks.map((task) => runtime.submit(task).result))

const oneByOne = async (runtime, tasks) => {
  const results = []
  for (const task of tasks) results.push(await runtime.submit(task).result)
  return results
}

const bytesOf = ({ output }) => {
  const { buffer, byteOffset, byteLength } = output.data
  return Buffer.from(buffer, byteOffset, byteLength)
}

const mix = async () => {
  const count = 200
  const run = async (options, how) => {
    const runtime = await open(options)
    try {
      return await how(runtime, await loadTasks(runtime, "mixed", count))
    } finally {
      await runtime.close()
    }
  }
  const alone = await run({ lanes: 1, policy: "sequential" }, oneByOne)
  const mixed = await run({ lanes: 4 }, together)
  const differing = mixed.filter((result, i) => !bytesOf(result).equals(bytesOf(alone[i]))).length
  const unpredicted = mixed.filter(
    ({ record }) => record.measuredPeakBytes !== record.predictedPeakBytes,
  ).length
  return { ok: differing === 0 && unpredicted === 0, tasks: count, differing, unpredicted }
}

const throughputOf = async (set) => {
  const count = emulated ? 8 : set === "large" ? 24 : 120
  const ways = { sequential: { lanes: 1, policy: "sequential" }, together: { lanes: 8 } }
  const seconds = { sequential: [], together: [] }
  // large graphs take longer to make than to compute on
  for (let round = 0; round < (emulated || set === "large" ? 1 : 3); round++) {
    for (const [way, options] of Object.entries(ways)) {
      const runtime = await open(options)
      try {
        const tasks = await loadTasks(runtime, set, count)
        await together(runtime, tasks) // graphs and weights are on the device from here on
        const before = performance.now()
        await together(runtime, tasks)
        seconds[way].push((performance.now() - before) / 1e3)
      } finally {
        await runtime.close()
      }
    }
  }
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
  const perSecond = (way) => count / median(seconds[way])
  const gain = perSecond("together") / perSecond("sequential")
  return { set, tasks: count, seconds, perSecond: perSecond("together"), gain }
}

const throughput = async () => {
  const result = { ok: true, timesMeanSomething: !emulated, sets: [] }
  for (const set of Object.keys(sets)) {
    result.sets.push(await throughputOf(set))
    save(result) // what is there when the time is up
  }
  return result
}

/** Of the GPU by nvidia-smi, which sees what a runtime hides; null where there is none. */
const smiBytes = () => {
  const query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]
  try {
    return Number(execFileSync("nvidia-smi", query, { encoding: "utf8" })) * 2 ** 20
  } catch {
    return null
  }
}

/** The driver loads code and takes memory in steps when it likes; a leak of a task's is larger. */
const growthAllowed = emulated ? 0 : 32 * 2 ** 20

const growth = async () => {
  const addon = createRequire(import.meta.url)(addonPath ?? "../../build/Release/gnnsched.node")
  const takenBytes = () => -addon.gpus(0).freeBytes
  const runtime = await open({ lanes: 4, memoryBytes: emulated ? 64 * 2 ** 20 : 2 ** 30 })
  try {
    const tasks = await loadTasks(runtime, emulated ? "large" : "mixed", 20)
    const samples = []
    for (let done = 0; done < 1000; done += tasks.length) {
      await together(runtime, tasks)
      samples.push({ tasks: done + tasks.length, takenBytes: takenBytes(), smiBytes: smiBytes() })
    }
    const [early, late] = [samples[4], samples.at(-1)]
    const grown = late.takenBytes - early.takenBytes
    const smiGrown = early.smiBytes === null ? null : late.smiBytes - early.smiBytes
    const ok = grown <= growthAllowed && (smiGrown ?? 0) <= growthAllowed
    return { ok, tasks: 1000, grown, smiGrown, allowed: growthAllowed, samples }
  } finally {
    await runtime.close()
  }
}

const checks = { mix, throughput, growth }
if (!(name in checks) || file === undefined) {
  throw new Error(`usage: checks.mjs ${Object.keys(checks).join("|")} RESULT [--emulated]`)
}
const result = await checks[name]()
save(result)
const { samples: _, ...told } = result
console.log(JSON.stringify(told))
process.exit(result.ok ? 0 : 1)
