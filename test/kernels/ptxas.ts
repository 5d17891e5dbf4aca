// What ptxas says of each kernel: registers, stack, spills. Compiler output is kept under build/ by
// the hash of all that went into it, so an unchanged kernel costs nothing.
import { execFile, execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { root } from "./emulated.ts"

export interface KernelFigures {
  /** As written in the source: `spmm_csr_bundle_kernel<4, true, 0>`. */
  readonly kernel: string
  readonly registers: number
  readonly stackBytes: number
  readonly spillBytes: number
}

const kernelsFolder = join(root, "kernels")

/** "13.0", or null where there is no nvcc. */
export const nvccRelease = (): string | null => {
  try {
    const output = execFileSync("nvcc", ["--version"], { encoding: "utf8", stdio: "pipe" })
    return /release ([\d.]+)/.exec(output)?.[1] ?? null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null
    throw error
  }
}

const sources = (): Array<string> => globSync("*/*.cu", { cwd: kernelsFolder }).sort()

/** The tensor-core instructions of these begin with sm_80. */
const tensorSources = ["gemm/gemm_tf32.cu", "gemm/gemm_half.cu", "agg_gemm/agg_gemm_tf32x3.cu"]
const compiledFor = (source: string, arch: number): boolean =>
  arch >= 80 || !tensorSources.includes(source)

const hashOf = (source: string, arch: number, release: string): string => {
  const hash = createHash("sha256").update(`${release} sm_${arch} ${source}`)
  for (const name of [...globSync("*/*.h", { cwd: kernelsFolder }).sort(), source]) {
    hash.update(name).update(readFileSync(join(kernelsFolder, name)))
  }
  return hash.digest("hex").slice(0, 24)
}

const compile = async (source: string, arch: number, release: string): Promise<string> => {
  const folder = join(root, "build/ptxas")
  const kept = join(folder, `${hashOf(source, arch, release)}.txt`)
  if (existsSync(kept)) return readFileSync(kept, "utf8")
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(join(folder, "nvcc-"))
  const { stderr } = await promisify(execFile)(
    "nvcc",
    [
      ...["-std=c++17", "-I.", `-arch=sm_${arch}`, "-cubin", "-Xptxas=-v"],
      ...["-o", join(scratch, "out.cubin"), source],
    ],
    { cwd: kernelsFolder, maxBuffer: 1 << 26 },
  ).finally(() => rmSync(scratch, { recursive: true, force: true }))
  writeFileSync(kept, stderr)
  return stderr
}

/** Template arguments as numbers; the name of the unnamed namespace depends on the folder. */
const plainName = (demangled: string): string =>
  /(\w+_kernel(<.*>)?)\(/
    .exec(demangled.replaceAll(/\((?:int|bool|unsigned int)\)/g, ""))![1]!
    .replaceAll(/gnnsched::gpu::/g, "")
    .replaceAll(/\(anonymous namespace\)::|_GLOBAL__N__\w+::/g, "")
    .replaceAll(/\((?:Kind|gnnsched::Storage)\)/g, "")
    .replaceAll("> >", ">>")

const parse = (output: string): Array<KernelFigures> => {
  const entry =
    /Compiling entry function '(\w+)'[\s\S]*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads[\s\S]*?Used (\d+) registers/g
  const found = [...output.matchAll(entry)]
  const names = execFileSync("c++filt", { input: found.map((m) => m[1]).join("\n") })
    .toString("utf8")
    .split("\n")
  return found.map((match, i) => ({
    kernel: plainName(names[i]!),
    stackBytes: Number(match[2]),
    spillBytes: Number(match[3]) + Number(match[4]),
    registers: Number(match[5]),
  }))
}

/** All kernels for one architecture, two compilers at a time. */
export const kernelFigures = async (
  arch: number,
  release: string,
): Promise<Array<KernelFigures>> => {
  const waiting = sources().filter((source) => compiledFor(source, arch))
  const figures: Array<KernelFigures> = []
  const work = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      figures.push(...parse(await compile(source, arch, release)))
    }
  }
  await Promise.all([work(), work()])
  return figures.sort((a, b) => (a.kernel < b.kernel ? -1 : 1))
}
