// Node attributes and node labels of a TU data set: a line a node, values parted by commas. As
// PyG's read_tu_data has them: attributes as they are, each column of labels one-hot from its
// smallest to its largest.
import { IndexOverflow } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { TextCursor } from "./TextCursor.ts"
import { withText } from "./withText.ts"

const noComments: ReadonlySet<number> = new Set()

/** Row-major [nodes, width]. */
export interface NodeTable {
  readonly width: number
  readonly values: Float64Array
}

const readRow = (text: TextCursor, read: (text: TextCursor) => number): Array<number> => {
  const row: Array<number> = []
  do {
    row.push(read(text))
    if (row.length <= limits.maxFeatureWidth) continue
    const [value, limit] = [row.length, limits.maxFeatureWidth]
    throw new IndexOverflow({ file: text.file, what: "feature width", value, limit })
  } while (text.seekValue())
  return row
}

const readTable = (path: string, numNodes: number, read: (text: TextCursor) => number): NodeTable =>
  withText(path, (source) => {
    const text = new TextCursor(source)
    let table: NodeTable = { width: 0, values: new Float64Array(0) }
    for (let node = 0; node < numNodes; node++) {
      if (!text.seekEntry(noComments)) throw text.refuse(`${numNodes} lines, one a node`)
      const row = readRow(text, read)
      if (node === 0) {
        // A value takes two bytes at least: a long first line claims no more than there can be.
        const room = Math.min(row.length * numNodes, Math.ceil(source.size / 2))
        table = { width: row.length, values: new Float64Array(room) }
      }
      if (row.length !== table.width) {
        throw text.bad(`${table.width} values, as on the first line`, `${row.length}`)
      }
      table.values.set(row, node * table.width)
      text.endLine()
    }
    if (text.seekEntry(noComments)) throw text.refuse(`the end after ${numNodes} lines`)
    return table
  })

export const readAttributes = (path: string, numNodes: number): NodeTable =>
  readTable(path, numNodes, (text) => text.readFloat("a number"))

/** Columns of 0/1 that labels become. */
export interface LabelColumns {
  readonly labels: NodeTable
  /** Of each column of labels. */
  readonly least: ReadonlyArray<number>
  readonly firstColumn: ReadonlyArray<number>
  /** Of all together. */
  readonly width: number
}

export const readLabels = (path: string, numNodes: number): LabelColumns => {
  const labels = readTable(path, numNodes, (text) => text.readInteger("a whole number"))
  const least = new Array<number>(labels.width).fill(Number.POSITIVE_INFINITY)
  const most = new Array<number>(labels.width).fill(Number.NEGATIVE_INFINITY)
  for (let i = 0; i < labels.values.length; i++) {
    const column = i % labels.width
    least[column] = Math.min(least[column]!, labels.values[i]!)
    most[column] = Math.max(most[column]!, labels.values[i]!)
  }
  const firstColumn: Array<number> = []
  let width = 0
  for (let column = 0; column < labels.width; column++) {
    firstColumn.push(width)
    width += most[column]! - least[column]! + 1
  }
  return { labels, least, firstColumn, width }
}
