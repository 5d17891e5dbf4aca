// What is printed and how it looks: lines, tables and emphasis, plain where nobody sees colour.

import Table from "cli-table3"
import { Effect } from "effect"

/** Results go to stdout, so that they can be piped; everything else goes to stderr. */
export const print = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(`${text}\n`)
  })

export const printNote = (text: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stderr.write(`${text}\n`)
  })

export const printJson = (value: unknown): Effect.Effect<void> =>
  print(JSON.stringify(value, null, 2))

/** Only a terminal that wants it gets colour: see no-color.org. */
export const wantsColor = (
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean => isTerminal && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb"

const escapes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const

export type Emphasis = keyof typeof escapes

/** Marks text for stdout. */
export const mark = (emphasis: Emphasis, text: string): string =>
  wantsColor(process.stdout.isTTY === true, process.env)
    ? `\u001b[${escapes[emphasis]}m${text}\u001b[0m`
    : text

export interface TableColumn {
  readonly title: string
  readonly align: "left" | "right"
}

export const left = (title: string): TableColumn => ({ title, align: "left" })
export const right = (title: string): TableColumn => ({ title, align: "right" })

const bare = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const

/** Control characters in an id must not reach the terminal. */
const harmless = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "?")

/** A table without borders: easy to read, to cut and to grep. */
export const renderTable = (
  columns: ReadonlyArray<TableColumn>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
): string => {
  const table = new Table({
    chars: bare,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    head: columns.map(({ title }) => mark("dim", title)),
    colAligns: columns.map(({ align }) => align),
  })
  table.push(...rows.map((row) => [...row]))
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
}

export const safeText = harmless
