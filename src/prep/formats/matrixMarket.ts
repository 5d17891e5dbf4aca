// A Matrix Market file as a graph: an entry is an edge from its row to its column, its value the
// weight. Entries keep the order of the file; those that a symmetry implies follow all others, as
// scipy's mmread has them. Format: Boisvert, Pozo, Remington, NISTIR 5935.
import { IndexOverflow, Unsupported } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import type { ByteSource } from "../byteSource.ts"
import { EdgeBuffer, type Edges } from "./EdgeBuffer.ts"
import { quoted, TextCursor } from "./TextCursor.ts"

interface Banner {
  readonly field: "pattern" | "real" | "integer"
  readonly symmetry: "general" | "symmetric" | "skew-symmetric"
}

const comments = new Set([37])

/** One of the words that may stand there; `refused` are of the format, but no graph. */
const readChoice = <Word extends string>(
  text: TextCursor,
  words: ReadonlyArray<Word>,
  refused: ReadonlyArray<string>,
): Word => {
  const word = text.readWord()
  const known = words.find((one) => one === word)
  if (known !== undefined) return known
  if (!refused.includes(word)) throw text.bad(words.join(", "), quoted(word))
  throw new Unsupported({
    file: text.file,
    path: `line ${text.line}`,
    found: `a Matrix Market file with the word "${word}"`,
    supported: words.join(", "),
  })
}

const readBanner = (text: TextCursor): Banner => {
  const first = text.readWord()
  if (first !== "%%matrixmarket") throw text.bad("%%MatrixMarket", quoted(first))
  readChoice(text, ["matrix"], ["vector"])
  readChoice(text, ["coordinate"], ["array"])
  const field = readChoice(text, ["pattern", "real", "double", "integer"], ["complex"])
  const symmetries = ["general", "symmetric", "skew-symmetric"] as const
  const symmetry = readChoice(text, symmetries, ["hermitian"])
  if (field === "pattern" && symmetry === "skew-symmetric") {
    throw text.bad("real or integer where the matrix is skew-symmetric", field)
  }
  text.endLine()
  return { field: field === "double" ? "real" : field, symmetry }
}

interface Extents {
  readonly numNodes: number
  readonly entries: number
}

const readCount = (text: TextCursor, what: string, limit: number): number => {
  text.skipBlanks()
  const value = text.readWhole(`a number of ${what}`)
  if (value <= limit) return value
  throw new IndexOverflow({ file: text.file, what: `the number of ${what}`, value, limit })
}

const readExtents = (text: TextCursor): Extents => {
  if (!text.seekEntry(comments)) throw text.refuse("rows, columns and entries")
  const numNodes = readCount(text, "rows", limits.maxTextNodes)
  const columns = readCount(text, "columns", limits.maxTextNodes)
  if (columns !== numNodes) {
    throw text.bad(
      "as many columns as rows: the matrix of a graph is square",
      `${numNodes} rows, ${columns} columns`,
    )
  }
  const entries = readCount(text, "entries", limits.maxIndex)
  text.endLine()
  return { numNodes, entries }
}

/** 1-based in the file. */
const readNode = (text: TextCursor, expected: string, numNodes: number): number => {
  text.skipBlanks()
  const node = text.readWhole(expected)
  if (node >= 1 && node <= numNodes) return node - 1
  throw text.bad(expected, `${node}`)
}

/** float32; 1 where the file has no values. */
const readValue = (text: TextCursor, field: Banner["field"]): number => {
  if (field === "pattern") return 1
  text.skipBlanks()
  return field === "integer" ? text.readInteger("a whole number") : text.readFloat("a number")
}

const readEntries = (text: TextCursor, banner: Banner, extents: Extents): EdgeBuffer => {
  const { numNodes, entries } = extents
  const { field, symmetry } = banner
  const edges = new EdgeBuffer(text.file, field !== "pattern")
  const row = `a row from 1 to ${numNodes}`
  const column = `a column from 1 to ${numNodes}`
  for (let entry = 0; entry < entries; entry++) {
    if (!text.seekEntry(comments)) throw text.refuse(`${entries} entries, not ${entry}`)
    const source = readNode(text, row, numNodes)
    const target = readNode(text, column, numNodes)
    if (symmetry === "skew-symmetric" && source === target) {
      throw text.bad("no entry on the diagonal", `row and column ${source + 1}`)
    }
    const weight = readValue(text, field)
    text.endLine()
    edges.push(source, target, weight)
  }
  if (text.seekEntry(comments)) throw text.refuse(`the end after ${entries} entries`)
  return edges
}

/** The other half, off the diagonal. */
const mirror = (edges: EdgeBuffer, sign: number): void => {
  const given = edges.count
  for (let edge = 0; edge < given; edge++) {
    const source = edges.sources[edge]!
    const target = edges.targets[edge]!
    if (source !== target) edges.push(target, source, sign * (edges.weights?.[edge] ?? 1))
  }
}

export const readMatrixMarket = (source: ByteSource): Edges => {
  const text = new TextCursor(source)
  const banner = readBanner(text)
  const extents = readExtents(text)
  const edges = readEntries(text, banner, extents)
  if (banner.symmetry !== "general") mirror(edges, banner.symmetry === "symmetric" ? 1 : -1)
  return edges.edges(extents.numNodes)
}
