// Every expected error has its sentence: what is wrong, where, with its numbers.
import { describe, expect, it } from "vitest"
import {
  describedTags,
  describeError,
  errorToJson,
  errorToText,
  type GnnschedError,
  isGnnschedError,
} from "../../src/cli/describeError.ts"
import * as errors from "../../src/model/errors.ts"

/** One of each, with values that must show up in its sentence. */
const samples: ReadonlyArray<readonly [GnnschedError, ReadonlyArray<string>]> = [
  [
    new errors.FileUnreadable({ file: "a/x.npy", reason: "no such file" }),
    ["a/x.npy", "no such file"],
  ],
  [
    new errors.TaskNotFound({ id: "rnk/0", tasks: 1234, nearest: ["rank/0"] }),
    ["rnk/0", "1,234", "rank/0"],
  ],
  [
    new errors.FileUnwritable({ file: "out", reason: "permission denied" }),
    ["out", "permission denied"],
  ],
  [
    new errors.BadFile({ file: "x.npy", place: "header", expected: "<f4", found: "<i8" }),
    ["x.npy", "header", "<f4", "<i8"],
  ],
  [
    new errors.EdgeOutOfRange({ file: "e.npy", edge: 1234, node: 99, numNodes: 50 }),
    ["e.npy", "1,234", "99", "50"],
  ],
  [
    new errors.NodeOutOfRange({ task: "t1", position: 2, node: 77, numNodes: 40 }),
    ["t1", "nodes[2]", "77", "40"],
  ],
  [new errors.NotFinite({ file: "x.npy", place: "[3, 4]", value: Number.NaN }), ["[3, 4]", "NaN"]],
  [
    new errors.IndexOverflow({ file: "e.npy", what: "edges", value: 5e9, limit: 2147483647 }),
    ["edges", "5,000,000,000", "2,147,483,647"],
  ],
  [
    new errors.WeightMismatch({
      file: "m.safetensors",
      tensor: "convs.0.lin.weight",
      expectedShape: [16, 8],
      foundShape: [8, 16],
    }),
    ["m.safetensors", "convs.0.lin.weight", "[16, 8]", "[8, 16]"],
  ],
  [
    new errors.WeightMismatch({ file: "m", tensor: "w", expectedShape: [3], foundShape: null }),
    ["w", "[3]", "missing"],
  ],
  [
    new errors.BadConfig({
      file: "w.yaml:3:4",
      path: "tasks[3].deadline",
      expected: "500ms",
      found: "x",
    }),
    ["w.yaml:3:4", "tasks[3].deadline", "500ms", "x"],
  ],
  [
    new errors.Unsupported({ file: "m.json", path: "jk", found: '"cat"', supported: "null" }),
    ["m.json", "jk", '"cat"'],
  ],
  [new errors.PathOutside({ file: "w.yaml", path: "/etc", root: "/home/w" }), ["/etc", "/home/w"]],
  [new errors.TooLarge({ bytesNeeded: 9e9, bytesBudget: 1024 }), ["9,000,000,000", "1,024"]],
  [
    new errors.DeadlineInfeasible({ deadlineMs: 20, earliestFinishMs: 31.5 }),
    ["20 ms", "31.5 ms", "--admit all"],
  ],
  [
    new errors.QuotaExceeded({ tenant: "fraud", quota: "tasks", used: 9, limit: 8 }),
    ["fraud", "9 tasks", "8 tasks"],
  ],
  [new errors.QueueFull({ bound: "tasks", queued: 5000, asked: 1, limit: 5000 }), ["5,000 tasks"]],
  [
    new errors.QueueFull({ bound: "bytes", queued: 3 * 2 ** 20, asked: 2 ** 21, limit: 2 ** 22 }),
    ["3,145,728", "2,097,152", "4,194,304", "--max-queued-bytes"],
  ],
  [new errors.DuplicateTask({ id: "t9" }), ["t9"]],
  [new errors.UnknownId({ what: "graph", id: "g9" }), ["graph", "g9"]],
  [new errors.RuntimeClosed({ id: "t1" }), ["t1"]],
  [
    new errors.RuntimeFailed({ actor: "scheduler", reason: "bytes lost" }),
    ["scheduler", "bytes lost"],
  ],
  [
    new errors.PrepWorkerLost({ job: "targets of t1", reason: "exit 1", transient: true }),
    ["targets of t1", "exit 1"],
  ],
  [new errors.PrepTimeout({ job: "j1", timeoutMs: 1500, transient: false }), ["j1", "1.5 s"]],
  [new errors.DeviceUnavailable({ device: "cpu", reason: "no addon" }), ["cpu", "no addon"]],
  [
    new errors.DeviceOutOfMemory({ bytesRequested: 4096, bytesFree: 64, transient: false }),
    ["4,096", "64"],
  ],
  [new errors.PlanRefused({ place: "ops[1].y", reason: "outside" }), ["ops[1].y", "outside"]],
  [
    new errors.OpFailed({
      op: "l0.spmm",
      opIndex: 3,
      lane: 1,
      reason: "injected",
      transient: false,
    }),
    ["l0.spmm", "3", "lane 1", "injected"],
  ],
  [
    new errors.DeviceLost({ device: "cuda", reason: "cudaErrorIllegalAddress" }),
    ["cuda", "IllegalAddress"],
  ],
  [new errors.LaneLost({ lane: 2, transient: true }), ["lane 2"]],
  [new errors.TaskCancelled({ id: "t1", state: "running" }), ["t1", "running"]],
  [new errors.TaskExpired({ id: "t1", deadlineMs: 20, nowMs: 35 }), ["t1", "20 ms", "35 ms"]],
]

const classNames = Object.entries(errors)
  .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
  .map(([name]) => name)

describe("describeError", () => {
  it("has a sentence for every class of model/errors.ts, and a sample here", () => {
    expect([...describedTags].sort()).toEqual([...classNames].sort())
    expect(new Set(samples.map(([error]) => error._tag))).toEqual(new Set(classNames))
  })

  it.each(samples)("tells the numbers of %s", (error, parts) => {
    const text = errorToText(error)
    for (const part of parts) expect(text).toContain(part)
    expect(describeError(error).what).toMatch(/\.$/)
    expect(text).not.toMatch(/undefined|\[object|\n\s+at /)
  })

  it("says in JSON the tag, the sentence and every field, whatever the field holds", () => {
    for (const [error] of samples) {
      const json = JSON.parse(JSON.stringify(errorToJson(error)))
      expect(json.tag).toBe(error._tag)
      expect(json.message).toContain(describeError(error).what)
      const { _tag, ...fields } = error
      for (const key of Object.keys(fields)) expect(json).toHaveProperty(key)
    }
    const [notFinite] = samples.find(([error]) => error._tag === "NotFinite")!
    expect(errorToJson(notFinite).value).toBe("NaN")
  })

  const badFile = (place: string, expected: string, found: string) =>
    new errors.BadFile({ file: "f", place, expected, found })

  it.each([
    badFile("header", "at least 8 bytes", "3 bytes"),
    badFile("byte 9", "20 bytes", "the end of the file"),
    badFile("end record", "a zip archive", "no end of central directory"),
    badFile("x.npy: magic", "93 4e 55 4d 50 59", "50 4b"),
    badFile("x.npy", "CRC ab12", "cd34"),
    badFile("gzip", "gzip data", "unexpected end of file"),
    badFile("line 9", "7 entries, not 6", "the end of the file"),
    badFile("end of the file", "JSON", "Unexpected end of JSON input"),
  ])("advises to write a truncated or damaged file again: %s", (error) => {
    expect(describeError(error).todo).toMatch(/truncated/)
  })

  it.each([
    badFile("dtype", "<f4 or <f8", "<i8"),
    badFile("shape", "[rows, columns]", "[3]"),
    badFile("line 2:1", "one YAML or JSON document", "Source contains multiple documents"),
    badFile("size", "at most 1000 bytes", "2000 bytes"),
    badFile("line 3", "a node id, a whole number from 0", '"x"'),
    badFile("", "UTF-8 text", "other bytes"),
    new errors.FileUnreadable({ file: "nope.json", reason: "no such file or folder" }),
  ])("gives no advice where none fits: %s", (error) => {
    expect(describeError(error).todo).toBe("")
  })

  it("advises to number the ids of an edge list anew where that helps", () => {
    const far = (limit: number) =>
      new errors.IndexOverflow({ file: "f", what: "the node id in line 2", value: 2 ** 40, limit })
    expect(describeError(far(2 ** 27 - 1)).todo).toMatch(/compact/)
    expect(describeError(far(2 ** 31 - 1)).todo).not.toMatch(/compact/)
  })

  it("knows its own errors from any other thrown value", () => {
    for (const other of [new Error("x"), null, "x", { _tag: "toString" }, { _tag: 3 }]) {
      expect(isGnnschedError(other)).toBe(false)
    }
    expect(isGnnschedError(samples[0]![0])).toBe(true)
  })
})
