/// <reference lib="dom" />
// Runs in the browser: a table that sorts, filters and shows a page at a time, so that thousands of
// rows cost nothing until they are looked at.
import type { Kit } from "./kit.ts"

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string | number | boolean | null
  readonly show: (row: Row) => string
  readonly numeric: boolean
  /** A class for the cell, or "". */
  readonly mark?: (row: Row) => string
}

export interface TableState {
  sortBy: number
  descending: boolean
  filter: string
  page: number
}

export function compareCells(
  a: string | number | boolean | null,
  b: string | number | boolean | null,
): number {
  // Nothing sorts last.
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  if (typeof a === "string" && typeof b === "string") {
    return a.localeCompare(b, undefined, { numeric: true })
  }
  return Number(a) - Number(b)
}

export function arrangeRows<Row>(
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<Column<Row>>,
  state: TableState,
): ReadonlyArray<Row> {
  const words = state.filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
  const kept =
    words.length === 0
      ? [...rows]
      : rows.filter((row) => {
          const text = columns
            .map((column) => String(column.show(row)))
            .join(" ")
            .toLowerCase()
          return words.every((word) => text.includes(word))
        })
  const column = columns[state.sortBy]
  if (column === undefined) return kept
  return kept.sort((a, b) => {
    const left = column.value(a)
    const right = column.value(b)
    const order = compareCells(left, right)
    return state.descending && left !== null && right !== null ? -order : order
  })
}

export function tableRow<Row>(
  kit: Kit,
  columns: ReadonlyArray<Column<Row>>,
  row: Row,
): HTMLElement {
  const cells = columns.map((column) => {
    const mark = column.mark?.(row) ?? ""
    const cell = kit.el("td", column.numeric ? "num" : "")
    cell.append(mark === "" ? column.show(row) : kit.el("span", mark, column.show(row)))
    return cell
  })
  return kit.el("tr", "", ...cells)
}

export function makeTable<Row>(
  kit: Kit,
  id: string,
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<Column<Row>>,
  options: { readonly pageRows: number; readonly filter: boolean },
): void {
  const state: TableState = { sortBy: -1, descending: false, filter: "", page: 0 }
  const head = kit.el("tr", "")
  const body = kit.el("tbody", "")
  const info = kit.el("span", "note")
  const back = kit.el("button", "", "← previous") as HTMLButtonElement
  const forth = kit.el("button", "", "next →") as HTMLButtonElement
  const draw = () => {
    const arranged = arrangeRows(rows, columns, state)
    const pages = Math.max(1, Math.ceil(arranged.length / options.pageRows))
    state.page = Math.max(0, Math.min(state.page, pages - 1))
    const from = state.page * options.pageRows
    const shown = arranged.slice(from, from + options.pageRows)
    body.replaceChildren(...shown.map((row) => tableRow(kit, columns, row)))
    head.replaceChildren(
      ...columns.map((column, index) => {
        const arrow = index !== state.sortBy ? "" : state.descending ? " ↓" : " ↑"
        const button = kit.el("button", "sort", column.title + arrow)
        button.addEventListener("click", () => {
          state.descending = index === state.sortBy ? !state.descending : false
          state.sortBy = index
          draw()
        })
        return kit.el("th", column.numeric ? "num" : "", button)
      }),
    )
    const to = Math.min(from + options.pageRows, arranged.length)
    info.textContent = arranged.length === 0 ? "none" : `${from + 1} to ${to} of ${arranged.length}`
    back.hidden = state.page === 0
    forth.hidden = state.page >= pages - 1
  }
  const turn = (by: number) => () => {
    state.page += by
    draw()
  }
  back.addEventListener("click", turn(-1))
  forth.addEventListener("click", turn(1))
  const tools = kit.el("div", "tools")
  if (options.filter) {
    const filter = kit.el("input", "") as HTMLInputElement
    filter.type = "search"
    filter.placeholder = "filter: any words of a row"
    filter.addEventListener("input", () => {
      state.filter = filter.value
      state.page = 0
      draw()
    })
    tools.append(filter)
  }
  if (options.filter || rows.length > options.pageRows) tools.append(info, back, forth)
  const table = kit.el("table", "", kit.el("thead", "", head), body)
  document.getElementById(id)!.replaceChildren(tools, kit.el("div", "scroll", table))
  draw()
}
