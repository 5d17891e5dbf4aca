// A JSON file as a value: bounded in size, errors with the place where the text goes wrong.
import { BadFile } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { badFile, readHead, withFile } from "../byteSource.ts"

/** V8 names the place as "(line 3 column 5)", or shows the text around it. */
const placeIn = (message: string): string => {
  const match = /line (\d+) column (\d+)/.exec(message)
  if (match !== null) return `line ${match[1]}, column ${match[2]}`
  return /end of JSON/.test(message) ? "end of the file" : "text"
}

const decode = (file: string, bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    throw new BadFile({ file, place: "text", expected: "UTF-8", found: "other bytes" })
  }
}

export const readJsonFile = (path: string): unknown =>
  withFile(path, (source) => {
    if (source.size > limits.maxConfigFileBytes) {
      const expected = `at most ${limits.maxConfigFileBytes} bytes`
      throw badFile(source, "size", expected, `${source.size} bytes`)
    }
    const text = decode(path, readHead(source, source.size))
    try {
      return JSON.parse(text) as unknown
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new BadFile({ file: path, place: placeIn(message), expected: "JSON", found: message })
    }
  })
