// Reads a YAML or JSON file within the limits: text, one document, no alias bombs; and tells where
// in the text a path inside it stands. Workloads and fault plans come through here.
import { createReadStream } from "node:fs"
import { Effect } from "effect"
import { isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from "yaml"
import { BadConfig, BadFile, FileUnreadable } from "../model/errors.ts"
import { limits } from "../model/limits.ts"
import { systemReason } from "../model/systemReason.ts"

export type DocumentPath = ReadonlyArray<string | number>

export interface ConfigDocument {
  readonly file: string
  readonly value: unknown
  /** `line:column` of a value (or of the nearest parent that is there), 1-based; "" for no place. */
  readonly locate: (path: DocumentPath) => string
}

/** Aliases may make a document this much larger, no more: it stops "billion laughs". */
const maxAliasCount = 100

/** `tasks[3].deadline`; keys that are not plain words are quoted. */
export const formatPath = (path: DocumentPath): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`
    if (!/^[\w$-]+$/.test(step)) return `${text}[${JSON.stringify(step)}]`
    return text === "" ? step : `${text}.${step}`
  }, "")

/** One byte more than may be is enough to know: a pipe or a device need not have an end. */
const readBounded = async (file: string): Promise<Uint8Array> => {
  const chunks: Array<Buffer> = []
  const stream = createReadStream(file, { end: limits.maxConfigFileBytes })
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const readText = (file: string) =>
  Effect.tryPromise({
    try: () => readBounded(file),
    catch: (cause) => new FileUnreadable({ file, reason: systemReason(cause) }),
  }).pipe(
    Effect.flatMap((content) => {
      if (content.length <= limits.maxConfigFileBytes) return decodeUtf8(file, content)
      const expected = `at most ${limits.maxConfigFileBytes} bytes`
      return new BadFile({ file, place: "", expected, found: "more" })
    }),
  )

const decodeUtf8 = (file: string, bytes: Uint8Array) =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => new BadFile({ file, place: "", expected: "UTF-8 text", found: "other bytes" }),
  })

/** The parser's words without its own place and its advice to programmers. */
const plainWords = (message: string): string =>
  message
    .split("\n")[0]!
    .replace(/ at line \d+, column \d+:?$/, "")
    .replace(/; please use .*$/, "")
    .replace(/^Maximum call stack size exceeded$/, "values nested too deeply")

const syntaxProblem = (file: string, place: string, message: string): BadFile =>
  new BadFile({
    file,
    place,
    expected: "one YAML or JSON document",
    found: plainWords(message),
  })

/** The node at `path`; for a key, the node of the key itself when the path ends there. */
const nodeAt = (root: unknown, path: DocumentPath): Node | null => {
  let found: Node | null = isNode(root) ? root : null
  let current: unknown = root
  for (const step of path) {
    const items = (current as { items?: ReadonlyArray<unknown> } | null)?.items
    if (items === undefined) return found
    const next: unknown =
      typeof step === "number"
        ? items[step]
        : items.find(
            (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === step,
          )
    if (next === undefined) return found
    current = isPair(next) ? next.value : next
    const anchor = isPair(next) ? next.key : next
    if (isNode(current)) found = current
    else if (isNode(anchor)) found = anchor
  }
  return found
}

export const parseConfig = (
  file: string,
  text: string,
): Effect.Effect<ConfigDocument, BadFile | BadConfig> =>
  Effect.gen(function* () {
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: true })
    const placeAt = (offset: number): string => {
      const { line, col } = lines.linePos(offset)
      return `${line}:${col}`
    }
    const problem = document.errors[0] ?? document.warnings[0]
    if (problem !== undefined) {
      return yield* syntaxProblem(file, `line ${placeAt(problem.pos[0])}`, problem.message)
    }
    const value = yield* Effect.try({
      try: () => document.toJS({ maxAliasCount }) as unknown,
      catch: (cause) =>
        new BadConfig({
          file,
          path: "",
          expected: `aliases that repeat at most ${maxAliasCount} values`,
          found: cause instanceof Error ? cause.message : String(cause),
        }),
    })
    const locate = (path: DocumentPath): string => {
      const range = nodeAt(document.contents, path)?.range
      return placeAt(range == null ? 0 : range[0])
    }
    return { file, value, locate }
  })

export const readConfigFile = Effect.fnUntraced(function* (file: string) {
  const text = yield* readText(file)
  return yield* parseConfig(file, text)
})
