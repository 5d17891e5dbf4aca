// Every tagged error crosses a thread as plain data and comes back as itself.
import { describe, expect, it } from "vitest"
import * as errors from "../../src/model/errors.ts"
import { errorTags, fromPlain, isTaggedError, toPlain } from "../../src/model/plainError.ts"

const fields = {
  file: "a.npy",
  place: "[3]",
  value: Number.NaN,
  shape: [2, 3],
  found: null,
  job: "j",
}

const classes = new Map(Object.entries(errors).filter(([name]) => /^[A-Z]/.test(name)))

describe("a tagged error as plain data", () => {
  it.each(errorTags)("%s comes back as its own class with its fields", (tag) => {
    const error = fromPlain({ _tag: tag, fields })
    expect(error._tag).toBe(tag)
    const back = fromPlain(structuredClone(toPlain(error)!))
    expect(back).toBeInstanceOf(classes.get(tag) as never)
    expect({ ...back }).toEqual({ ...fields, _tag: tag })
  })

  it("knows every class of errors.ts", () => {
    expect(errorTags.toSorted()).toEqual([...classes.keys()].toSorted())
  })

  it("is none for other errors", () => {
    expect(toPlain(new Error("BadFile"))).toBeNull()
    expect(toPlain({ _tag: "BadFile", file: "a" })).toBeNull()
    expect(isTaggedError(Object.assign(new Error(), { _tag: "BadFile" }))).toBe(false)
    expect(() => fromPlain({ _tag: "Nothing", fields: {} })).toThrow("Nothing")
  })
})
