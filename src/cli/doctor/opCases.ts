// The operators of the self-check, on shapes that kernels stumble over: one row, one column, widths
// off every vector length, empty and full rows.
import type { Activation } from "../../model/GnnModel.ts"
import { type Epilogue, identityEpilogue, type Op, widestFused } from "../../model/Op.ts"
import type { DeviceKind } from "../../model/RunReport.ts"
import { arenaOutput, CaseInputs, makeCase, type OpCase } from "./OpCase.ts"
import type { RandomData } from "./RandomData.ts"

interface Shape {
  readonly m: number
  readonly k: number
  readonly n: number
}

const activations: ReadonlyArray<Activation> = [
  { name: "identity", parameter: 0 },
  { name: "relu", parameter: 0 },
  { name: "elu", parameter: 1 },
  { name: "leaky_relu", parameter: 0.2 },
  { name: "tanh", parameter: 0 },
  { name: "sigmoid", parameter: 0 },
  { name: "gelu", parameter: 0 },
  { name: "silu", parameter: 0 },
]

const anyActivation = (random: RandomData): Activation =>
  activations[random.below(activations.length)]!

/** Every part that an epilogue may have. */
const fullEpilogue = (random: RandomData, inputs: CaseInputs, m: number, n: number): Epilogue => ({
  rowScale: inputs.add(random.positives(m)),
  addend: inputs.add(random.floats(m * n), n),
  bias: inputs.add(random.floats(n)),
  affine: { scale: inputs.add(random.positives(n)), shift: inputs.add(random.floats(n)) },
  affineAfterActivation: random.below(2) === 1,
  activation: anyActivation(random),
})

const gemmCase = (random: RandomData, { m, k, n }: Shape): OpCase => {
  const inputs = new CaseInputs()
  const op: Op = {
    kind: "gemm",
    name: "gemm",
    m,
    k,
    n,
    a: inputs.add(random.floats(m * k), k),
    b: inputs.add(random.floats(k * n), n),
    c: arenaOutput(n),
    epilogue: fullEpilogue(random, inputs, m, n),
  }
  return makeCase("gemm", op, inputs, { rows: m, cols: n })
}

const spmmCase = (
  random: RandomData,
  { m, n }: Shape,
  reduce: "sum" | "mean" | "max",
  weighted: boolean,
): OpCase => {
  const inputs = new CaseInputs()
  const { offsets, columns } = random.csr(m, m, 4)
  const op: Op = {
    kind: "spmm",
    name: `spmm.${reduce}`,
    m,
    k: m,
    n,
    nnz: columns.length,
    reduce,
    rowOffsets: inputs.add(offsets),
    colIndices: inputs.add(columns),
    values: weighted ? inputs.add(random.floats(columns.length)) : null,
    colScale: weighted ? inputs.add(random.positives(m)) : null,
    skipSelf: weighted,
    selfCoefficient: weighted ? 1.5 : 0,
    selfWeight: weighted ? inputs.add(random.positives(m)) : null,
    x: inputs.add(random.floats(m * n), n),
    y: arenaOutput(n),
    epilogue: weighted
      ? fullEpilogue(random, inputs, m, n)
      : { ...identityEpilogue, activation: anyActivation(random) },
  }
  return makeCase(`spmm ${reduce}${weighted ? ", weighted" : ""}`, op, inputs, { rows: m, cols: n })
}

const aggGemmCase = (random: RandomData, { m, k, n }: Shape, reduce: "sum" | "mean"): OpCase => {
  const inputs = new CaseInputs()
  const { offsets, columns } = random.csr(m, m, 4)
  const width = Math.min(k, widestFused)
  const weighted = reduce === "sum"
  const op: Op = {
    kind: "aggGemm",
    name: `aggGemm.${reduce}`,
    m,
    k: width,
    n,
    nnz: columns.length,
    reduce,
    rowOffsets: inputs.add(offsets),
    colIndices: inputs.add(columns),
    values: weighted ? inputs.add(random.floats(columns.length)) : null,
    colScale: weighted ? inputs.add(random.positives(m)) : null,
    skipSelf: weighted,
    selfCoefficient: weighted ? 1.5 : 0,
    selfWeight: weighted ? inputs.add(random.positives(m)) : null,
    x: inputs.add(random.floats(m * width), width),
    b: inputs.add(random.floats(width * n), n),
    y: arenaOutput(n),
    epilogue: fullEpilogue(random, inputs, m, n),
  }
  return makeCase(`aggregate and multiply, ${reduce}`, op, inputs, { rows: m, cols: n })
}

const gatCase = (random: RandomData, { m, n }: Shape, concat: boolean): OpCase => {
  const inputs = new CaseInputs()
  const { offsets, columns } = random.csr(m, m, 4)
  const heads = 1 + random.below(4)
  const cols = concat ? heads * n : n
  const op: Op = {
    kind: "gat",
    name: "gat",
    m,
    nnz: columns.length,
    heads,
    headWidth: n,
    concat,
    selfLoops: random.below(2) === 1,
    negativeSlope: 0.2,
    rowOffsets: inputs.add(offsets),
    colIndices: inputs.add(columns),
    x: inputs.add(random.floats(m * heads * n), heads * n),
    scoreSrc: inputs.add(random.floats(m * heads), heads),
    scoreDst: inputs.add(random.floats(m * heads), heads),
    y: arenaOutput(cols),
    epilogue: {
      ...identityEpilogue,
      bias: inputs.add(random.floats(cols)),
      activation: anyActivation(random),
    },
  }
  return makeCase(`gat ${concat ? "concat" : "mean"}`, op, inputs, { rows: m, cols })
}

const gatv2Case = (random: RandomData, { m, n }: Shape, concat: boolean): OpCase => {
  const inputs = new CaseInputs()
  const { offsets, columns } = random.csr(m, m, 4)
  const heads = 1 + random.below(4)
  const [wide, cols] = [heads * n, concat ? heads * n : n]
  const op: Op = {
    kind: "gatv2",
    name: "gatv2",
    m,
    nnz: columns.length,
    heads,
    headWidth: n,
    concat,
    selfLoops: random.below(2) === 1,
    negativeSlope: 0.2,
    rowOffsets: inputs.add(offsets),
    colIndices: inputs.add(columns),
    x: inputs.add(random.floats(m * wide), wide),
    target: inputs.add(random.floats(m * wide), wide),
    att: inputs.add(random.floats(wide)),
    y: arenaOutput(cols),
    epilogue: { ...identityEpilogue, activation: anyActivation(random) },
  }
  return makeCase(`gatv2 ${concat ? "concat" : "mean"}`, op, inputs, { rows: m, cols })
}

const densifyCase = (random: RandomData, { m, k }: Shape): OpCase => {
  const inputs = new CaseInputs()
  const { offsets, columns } = random.csr(m, k, 3)
  const op: Op = {
    kind: "densify",
    name: "densify",
    m,
    k,
    nnz: columns.length,
    rowOffsets: inputs.add(offsets),
    colIndices: inputs.add(columns),
    values: inputs.add(random.floats(columns.length)),
    y: arenaOutput(k),
  }
  return makeCase("densify", op, inputs, { rows: m, cols: k })
}

const rowwiseCase = (random: RandomData, { m, n }: Shape, l2: boolean): OpCase => {
  const inputs = new CaseInputs()
  const op: Op = {
    kind: "rowwise",
    name: "rowwise",
    m,
    n,
    l2,
    x: inputs.add(random.floats(m * n), n),
    y: arenaOutput(n),
    epilogue: fullEpilogue(random, inputs, m, n),
  }
  return makeCase(l2 ? "rowwise, l2" : "rowwise", op, inputs, { rows: m, cols: n })
}

const readoutCase = (
  random: RandomData,
  { m, n }: Shape,
  reduce: "sum" | "mean" | "max",
): OpCase => {
  const inputs = new CaseInputs()
  const graphs = 5
  const op: Op = {
    kind: "readout",
    name: "readout",
    graphs,
    m,
    n,
    reduce,
    graphOffsets: inputs.add(random.partition(graphs, m)),
    x: inputs.add(random.floats(m * n), n),
    y: arenaOutput(n),
  }
  return makeCase(`readout ${reduce}`, op, inputs, { rows: graphs, cols: n })
}

const gatherCase = (random: RandomData, { m, k, n }: Shape): OpCase => {
  const inputs = new CaseInputs()
  const op: Op = {
    kind: "gather",
    name: "gather",
    count: k,
    m,
    n,
    rows: inputs.add(random.indices(k, m)),
    x: inputs.add(random.floats(m * n), n),
    y: arenaOutput(n),
  }
  return makeCase("gather", op, inputs, { rows: k, cols: n })
}

const logSoftmaxCase = (random: RandomData, { m, n }: Shape): OpCase => {
  const inputs = new CaseInputs()
  const x = inputs.add(random.floats(m * n), n)
  const op: Op = { kind: "logSoftmax", name: "logSoftmax", m, n, x, y: arenaOutput(n) }
  return makeCase("log-softmax", op, inputs, { rows: m, cols: n })
}

const copyCase = (random: RandomData, { m, n }: Shape): OpCase => {
  const inputs = new CaseInputs()
  const x = inputs.add(random.floats(m * n), n)
  const op: Op = { kind: "copy", name: "copy", link: "within", m, n, x, y: arenaOutput(n) }
  return makeCase("copy", op, inputs, { rows: m, cols: n })
}

/** The corners, then a few shapes that nobody chose. */
const shapesOf = (random: RandomData): ReadonlyArray<Shape> => [
  { m: 1, k: 1, n: 1 },
  { m: 2, k: 3, n: 5 },
  { m: 33, k: 17, n: 1 },
  { m: 37, k: 65, n: 16 },
  ...Array.from({ length: 4 }, () => ({
    m: 1 + random.below(150),
    k: 1 + random.below(130),
    n: 1 + random.below(70),
  })),
]

export const opCases = (random: RandomData): ReadonlyArray<OpCase> =>
  shapesOf(random).flatMap((shape) => [
    gemmCase(random, shape),
    spmmCase(random, shape, "sum", false),
    spmmCase(random, shape, "sum", true),
    spmmCase(random, shape, "mean", false),
    spmmCase(random, shape, "max", false),
    aggGemmCase(random, shape, "sum"),
    aggGemmCase(random, shape, "mean"),
    gatCase(random, shape, true),
    gatCase(random, shape, false),
    gatv2Case(random, shape, true),
    gatv2Case(random, shape, false),
    densifyCase(random, shape),
    rowwiseCase(random, shape, false),
    rowwiseCase(random, shape, true),
    readoutCase(random, shape, "sum"),
    readoutCase(random, shape, "mean"),
    readoutCase(random, shape, "max"),
    gatherCase(random, shape),
    logSoftmaxCase(random, shape),
    copyCase(random, shape),
  ])

/** The cases that a device's plans can hold: the fused layer is a GPU's. */
export const opCasesFor = (device: DeviceKind, random: RandomData): ReadonlyArray<OpCase> =>
  opCases(random).filter(({ kind }) => kind !== "aggGemm" || device !== "cpu")
