import { describe, expect, it } from "vitest"
import { BadConfig, Unsupported } from "../../src/model/errors.ts"
import { parseGnnConfig } from "../../src/prep/model/parseConfig.ts"

type Json = Readonly<Record<string, unknown>>

const base = { in_channels: 12, hidden_channels: 8, out_channels: 3, num_layers: 2 }
const parse = (json: Json) => parseGnnConfig({ architecture: "GCN", ...base, ...json }, "m.json")

/** The error of a configuration that must not pass. */
const refusal = (json: Json): BadConfig | Unsupported => {
  try {
    parse(json)
  } catch (error) {
    if (error instanceof BadConfig || error instanceof Unsupported) return error
    throw error
  }
  throw new Error(`accepted ${JSON.stringify(json)}`)
}

const widths = (json: Json) => parse(json).layers.map((l) => [l.inWidth, l.outWidth])
const heads = (json: Json) =>
  parse({ architecture: "GAT", ...json }).layers.map((l) => [l.heads, l.headWidth, l.concat])

describe("parseGnnConfig fills in PyG's defaults", () => {
  it("for a GCN of which nothing but the widths is said", () => {
    expect(parse({})).toEqual({
      architecture: "GCN",
      inWidth: 12,
      outWidth: 3,
      layers: [
        { inWidth: 12, outWidth: 8, heads: 1, headWidth: 8, concat: true },
        { inWidth: 8, outWidth: 3, heads: 1, headWidth: 3, concat: true },
      ],
      activation: { name: "relu", parameter: 0 },
      activationFirst: false,
      batchNorm: null,
      bias: true,
      aggregation: "sum",
      gcnNormalize: true,
      addSelfLoops: true,
      selfLoopFill: 1,
      l2Normalize: false,
      rootWeight: false,
      project: false,
      negativeSlope: 0.2,
      sharedWeights: false,
      propagations: 0,
      teleport: 0,
      ginEps: 0,
      pooling: null,
      batchSize: 0,
      logSoftmax: false,
    })
  })

  it("takes null for the default of every key", () => {
    const keys = ["act", "act_first", "act_kwargs", "norm", "norm_kwargs", "norm_eps", "jk", "bias"]
    const conv = ["normalize", "improved", "cached", "add_self_loops", "aggr", "heads", "concat"]
    const all = [...keys, ...conv, "dropout", "pooling", "log_softmax", "v2", "edge_dim"]
    expect(parse(Object.fromEntries(all.map((key) => [key, null])))).toEqual(parse({}))
  })

  it("reads the same network under every spelling of its name", () => {
    for (const architecture of ["GraphSAGE", "graphsage", "SAGE", "sage", "graph_sage"])
      expect(parse({ architecture })).toEqual(parse({ architecture: "GraphSAGE" }))
    expect(parse({ architecture: "GraphSAGE" })).toMatchObject({
      aggregation: "mean",
      rootWeight: true,
      l2Normalize: false,
      addSelfLoops: false,
      gcnNormalize: false,
    })
  })

  it("chains in, hidden and out as BasicGNN does", () => {
    expect(widths({ num_layers: 1 })).toEqual([[12, 3]])
    expect(widths({ num_layers: 1, out_channels: null })).toEqual([[12, 8]])
    expect(widths({ num_layers: 3, out_channels: null })).toEqual([
      [12, 8],
      [8, 8],
      [8, 8],
    ])
  })

  it("adds loops to a GCN exactly where it normalises", () => {
    expect(parse({ normalize: false }).addSelfLoops).toBe(false)
    expect(parse({ add_self_loops: false }).gcnNormalize).toBe(true)
    expect(parse({ improved: true }).selfLoopFill).toBe(2)
    expect(refusal({ normalize: false, add_self_loops: true }).path).toBe("add_self_loops")
  })

  it("reads activations and their arguments", () => {
    expect(parse({ act: "elu", act_kwargs: { alpha: 0.5 } }).activation).toEqual({
      name: "elu",
      parameter: 0.5,
    })
    expect(parse({ act: "LeakyReLU" }).activation.parameter).toBe(0.01)
    expect(parse({ act: "swish" }).activation.name).toBe("silu")
    expect(refusal({ act: "prelu" })._tag).toBe("Unsupported")
    expect(refusal({ act: "gelu", act_kwargs: { approximate: "tanh" } })._tag).toBe("Unsupported")
    expect(refusal({ act: "relu", act_kwargs: { alpha: 1 } }).path).toBe("act_kwargs.alpha")
  })

  it("reads BatchNorm under its names and its eps from either place", () => {
    for (const norm of ["batch_norm", "BatchNorm", "batchnorm"])
      expect(parse({ norm }).batchNorm).toEqual({ eps: 1e-5 })
    expect(parse({ norm: "batch_norm", norm_eps: 1e-3 }).batchNorm).toEqual({ eps: 1e-3 })
    const norm_kwargs = { eps: 0.1, momentum: 0.3 }
    expect(parse({ norm: "batch_norm", norm_kwargs }).batchNorm).toEqual({ eps: 0.1 })
    expect(parse({ norm: null, norm_eps: 1e-5 }).batchNorm).toBeNull()
    expect(refusal({ norm: "batch_norm", norm_eps: 1, norm_kwargs }).path).toBe("norm_eps")
    expect(refusal({ norm: "layer_norm" })._tag).toBe("Unsupported")
  })
})

describe("parseGnnConfig gives GAT's heads their widths", () => {
  it("concatenates hidden layers and averages the output for one number", () => {
    expect(heads({ heads: 4 })).toEqual([
      [4, 2, true],
      [4, 3, false],
    ])
    expect(heads({ heads: 4, out_channels: null })).toEqual([
      [4, 2, true],
      [4, 2, true],
    ])
  })

  it("takes lists as they stand", () => {
    expect(heads({ heads: [8, 1], concat: [true, false] })).toEqual([
      [8, 1, true],
      [1, 3, false],
    ])
    expect(heads({ heads: [2, 3], concat: [false, true] })).toEqual([
      [2, 8, false],
      [3, 1, true],
    ])
  })

  it("averages every layer for concat false", () => {
    expect(heads({ heads: 3, concat: false })).toEqual([
      [3, 8, false],
      [3, 3, false],
    ])
  })

  it("refuses heads that do not divide the width, with both numbers", () => {
    const error = refusal({ architecture: "GAT", heads: 3 }) as BadConfig
    expect(error).toMatchObject({ _tag: "BadConfig", path: "heads", found: "3" })
    expect(error.expected).toContain("8")
  })

  it("refuses lists of another length than the layers", () => {
    const error = refusal({ architecture: "GAT", heads: [2, 2, 2] }) as BadConfig
    expect(error).toMatchObject({ path: "heads", found: "[2,2,2]" })
    expect(refusal({ architecture: "GAT", concat: [true] }).path).toBe("concat")
    expect(refusal({ architecture: "GAT", heads: [2, 0] }).path).toBe("heads[1]")
  })
})

describe("parseGnnConfig reads the networks that are no class of PyG's models", () => {
  it("takes GATv2 under its name and as GAT's v2", () => {
    const v2 = parse({ architecture: "GATv2", heads: 4 })
    expect(v2).toMatchObject({ architecture: "GATv2", addSelfLoops: true, sharedWeights: false })
    expect(parse({ architecture: "GAT", v2: true, heads: 4 })).toEqual(v2)
    expect(parse({ architecture: "GATv2", v2: true, heads: 4 })).toEqual(v2)
    expect(parse({ architecture: "GAT", v2: true, share_weights: true }).sharedWeights).toBe(true)
  })

  it("propagates SGC once where nothing is said, and normalises always", () => {
    const sgc = { architecture: "SGC", num_layers: 1 }
    expect(parse(sgc)).toMatchObject({ propagations: 1, gcnNormalize: true, addSelfLoops: true })
    expect(parse({ ...sgc, K: 3, add_self_loops: false })).toMatchObject({
      propagations: 3,
      gcnNormalize: true,
      addSelfLoops: false,
    })
  })

  it("asks for APPNP's K and alpha, and ties its loops to the normalisation", () => {
    const appnp = { architecture: "APPNP", K: 10, alpha: 0.1 }
    expect(parse(appnp)).toMatchObject({ propagations: 10, teleport: 0.1, addSelfLoops: true })
    const plain = parse({ ...appnp, normalize: false, add_self_loops: true })
    expect(plain).toMatchObject({ gcnNormalize: false, addSelfLoops: false })
  })
})

describe("parseGnnConfig refuses what it cannot compute", () => {
  it("names what is supported for networks the field knows", () => {
    for (const architecture of ["PNA", "GCN2", "EdgeCNN"]) {
      const error = refusal({ architecture })
      expect(error).toMatchObject({ _tag: "Unsupported", path: "architecture", file: "m.json" })
      expect((error as Unsupported).supported).toContain("GraphSAGE")
    }
    expect(refusal({ architecture: "GCM" })._tag).toBe("BadConfig")
    expect(refusal({ architecture: null })._tag).toBe("BadConfig")
  })

  it("suggests the nearest key for one that it does not know", () => {
    const error = refusal({ hiden_channels: 4 }) as BadConfig
    expect(error).toMatchObject({ _tag: "BadConfig", path: "hiden_channels" })
    expect(error.expected).toContain("hidden_channels")
  })

  it.each([
    [{ in_channels: 0 }, "in_channels"],
    [{ in_channels: 1.5 }, "in_channels"],
    [{ in_channels: "12" }, "in_channels"],
    [{ in_channels: 1e9 }, "in_channels"],
    [{ num_layers: 0 }, "num_layers"],
    [{ num_layers: 129 }, "num_layers"],
    [{ hidden_channels: null }, "hidden_channels"],
    [{ bias: 1 }, "bias"],
    [{ act: 3 }, "act"],
    [{ act_kwargs: [1] }, "act_kwargs"],
    [{ root_weight: true }, "root_weight"],
    [{ heads: 2 }, "heads"],
    [{ architecture: "GIN", normalize: true }, "normalize"],
    [{ architecture: "GIN", eps: "0" }, "eps"],
    [{ architecture: "SAGE", add_self_loops: true }, "add_self_loops"],
    [{ norm: "batch_norm", norm_eps: -1 }, "norm_kwargs.eps"],
    [{ K: 2 }, "K"],
    [{ alpha: 0.1 }, "alpha"],
    [{ architecture: "SGC", K: 0 }, "K"],
    [{ architecture: "SGC", K: 257 }, "K"],
    [{ architecture: "SGC", K: 1.5 }, "K"],
    [{ architecture: "SGC", alpha: 0.1 }, "alpha"],
    [{ architecture: "APPNP", alpha: 0.1 }, "K"],
    [{ architecture: "APPNP", K: 2 }, "alpha"],
    [{ architecture: "APPNP", K: 2, alpha: 1.5 }, "alpha"],
    [{ architecture: "APPNP", K: 2, alpha: "0.1" }, "alpha"],
    [{ architecture: "GATv2", v2: false }, "v2"],
    [{ architecture: "GAT", v2: 1 }, "v2"],
    [{ architecture: "GATv2", share_weights: "no" }, "share_weights"],
  ])("%j as BadConfig at its path", (json, path) => {
    expect(refusal(json)).toMatchObject({ _tag: "BadConfig", path, file: "m.json" })
  })

  it.each([
    [{ jk: "cat" }, "jk"],
    [{ aggr: "max" }, "aggr"],
    [{ architecture: "SAGE", aggr: "lstm" }, "aggr"],
    [{ architecture: "SGC", normalize: false }, "normalize"],
    [{ architecture: "APPNP", K: 2, alpha: 0.1, norm: "batch_norm" }, "norm"],
    [{ architecture: "GATv2", residual: true }, "residual"],
    [{ architecture: "GAT", edge_dim: 4 }, "edge_dim"],
    [{ architecture: "GAT", residual: true }, "residual"],
    [{ architecture: "GIN", bias: false }, "bias"],
    [{ pooling: "median" }, "pooling"],
    [{ flow: "target_to_source" }, "flow"],
    [{ norm: "batch_norm", norm_kwargs: { affine: false } }, "norm_kwargs.affine"],
  ])("%j as Unsupported at its path", (json, path) => {
    expect(refusal(json)).toMatchObject({ _tag: "Unsupported", path, file: "m.json" })
  })

  it("a document that is no object", () => {
    for (const json of [null, 3, "GCN", [1]])
      expect(() => parseGnnConfig(json, "m.json")).toThrow(BadConfig)
  })

  it("but not what describes the model or says that an option is off", () => {
    const json = {
      dataset: "cora",
      training: { seed: 1 },
      test_accuracy: 0.8,
      val_loss: 0.1,
      name: "x",
      batch_size: 4,
      root_weight: false,
      heads: null,
      eps: 0,
      train_eps: false,
    }
    expect(parse(json)).toEqual(parse({}))
  })
})
