// A cursor that walks over a text byte by byte and reads numbers where they stand; no line ever
// becomes a string. Errors name the line and what was found there.
import { type BadFile, NotFinite } from "../../model/errors.ts"
import { limits } from "../../model/limits.ts"
import { type ByteSource, badFile } from "../byteSource.ts"

/** Bytes read at a time; what one number takes must fit in. */
const blockBytes = 1 << 20
/** Bytes of a wrong word that an error shows. */
const shownBytes = 40

const [tab, lineFeed, carriageReturn, space, comma] = [9, 10, 13, 32, 44]
const [plus, minus, dot] = [43, 45, 46]

const isBlank = (byte: number): boolean => byte === space || byte === tab || byte === carriageReturn

/** What may stand after a number; -1 is the end of the text. */
const endsNumber = (byte: number): boolean =>
  byte === lineFeed || byte === comma || byte === -1 || isBlank(byte)

/** Powers of ten that a double holds exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
/** Decimal digits that a double always holds exactly. */
const exactDigits = 15

const realForm = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const notFiniteForm = /^([+-]?)(nan|inf|infinity)$/i

/** A word of a file as an error shows it: short, and nothing that a terminal obeys. */
export const quoted = (word: string): string => {
  const shown = word.length > shownBytes ? `${word.slice(0, shownBytes)}…` : word
  const escaped = (letter: string) => `\\x${letter.charCodeAt(0).toString(16)}`
  return JSON.stringify(shown).replaceAll(/[\x7f-\xff]/g, escaped)
}

export class TextCursor {
  /** Of the byte under the cursor, from 1. */
  line = 1
  private readonly source: ByteSource
  private readonly block: Uint8Array
  private at = 0
  private end = 0
  /** Of the byte after the block, in the source. */
  private offset = 0

  constructor(source: ByteSource) {
    this.source = source
    this.block = new Uint8Array(Math.min(source.size, blockBytes))
    this.fill()
    if (this.block[0] === 0xef && this.block[1] === 0xbb && this.block[2] === 0xbf) this.at = 3
  }

  get file(): string {
    return this.source.file
  }

  /** The byte under the cursor, or -1 at the end of the text. */
  peek(): number {
    if (this.at === this.end) this.fill()
    return this.at < this.end ? this.block[this.at]! : -1
  }

  /** Keeps what is not yet read at the front and reads on behind it. */
  private fill(): void {
    const { block, at, end } = this
    block.copyWithin(0, at, end)
    this.at = 0
    const kept = end - at
    const bytes = Math.min(block.length - kept, this.source.size - this.offset)
    this.source.readInto(block.subarray(kept, kept + bytes), this.offset)
    this.offset += bytes
    this.end = kept + bytes
  }

  /** A whole number lies in the block from here on, where there is one. */
  private holdNumber(): void {
    const isShort = this.end - this.at <= limits.maxNumberBytes
    if (isShort && this.offset < this.source.size) this.fill()
  }

  /** Over spaces and tabs. */
  skipBlanks(): void {
    while (isBlank(this.peek())) this.at++
  }

  /** To the next value of the line; false at its end. After a comma there must be one. */
  seekValue(): boolean {
    this.skipBlanks()
    const isComma = this.peek() === comma
    if (isComma) {
      this.at++
      this.skipBlanks()
    }
    return isComma || !this.isAtLineEnd()
  }

  skipLine(): void {
    while (this.peek() !== -1) {
      const found = this.block.subarray(0, this.end).indexOf(lineFeed, this.at)
      if (found === -1) this.at = this.end
      else {
        this.at = found + 1
        this.line++
        return
      }
    }
  }

  private isAtLineEnd(): boolean {
    const byte = this.peek()
    return byte === lineFeed || byte === -1
  }

  /** To the next line; whatever else stands on this one is refused. */
  endLine(): void {
    this.skipBlanks()
    if (!this.isAtLineEnd()) throw this.refuse("the end of the line")
    if (this.peek() === -1) return
    this.at++
    this.line++
  }

  /**
   * To the first byte of the next line with something on it that is no comment; false at the end.
   * `comments` are the bytes that begin one.
   */
  seekEntry(comments: ReadonlySet<number>): boolean {
    for (;;) {
      this.skipBlanks()
      const byte = this.peek()
      if (byte === -1) return false
      if (byte !== lineFeed && !comments.has(byte)) return true
      this.skipLine()
    }
  }

  /** Decimal digits with nothing before them. Beyond 2^53 the value is near the one written. */
  readWhole(expected: string): number {
    this.holdNumber()
    return this.readDigits(this.at, expected)
  }

  /** A whole number, perhaps with a sign before it. */
  readInteger(expected: string): number {
    this.holdNumber()
    const sign = this.peek()
    const isSigned = sign === minus || sign === plus
    const value = this.readDigits(isSigned ? this.at + 1 : this.at, expected)
    return sign === minus ? -value : value
  }

  private readDigits(first: number, expected: string): number {
    const { block, end } = this
    let at = first
    let value = 0
    for (; at < end; at++) {
      const digit = block[at]! - 48
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at === first || !this.endsAt(at)) throw this.refuse(expected)
    this.at = at
    return value
  }

  /** The nearest float32 of the nearest double, as numpy narrows; it must be finite. */
  readFloat(expected: string): number {
    this.holdNumber()
    const value = this.readPlainDecimal() ?? this.readAnyReal(expected)
    const narrow = Math.fround(value)
    if (narrow - narrow === 0) return narrow
    throw new NotFinite({ file: this.file, place: `line ${this.line}`, value })
  }

  /** Digits with at most one dot and few enough to be exact; else null, the cursor where it was. */
  private readPlainDecimal(): number | null {
    const { block, end } = this
    let at = this.at
    const isNegative = block[at] === minus
    if (isNegative) at++
    let value = 0
    let digits = 0
    let decimals = 0
    let dots = 0
    for (; at < end; at++) {
      const digit = block[at]! - 48
      if (digit === dot - 48 && dots === 0) dots = 1
      else if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit
        digits++
        decimals += dots
      } else break
    }
    if (digits === 0 || digits > exactDigits || !this.endsAt(at)) return null
    this.at = at
    // Both are exact, so the quotient is rounded once.
    const real = value / powersOfTen[decimals]!
    return isNegative ? -real : real
  }

  private readAnyReal(expected: string): number {
    const word = this.wordHere()
    const notFinite = notFiniteForm.exec(word)
    if (notFinite === null && !realForm.test(word)) throw this.refuse(expected)
    this.at += word.length
    if (notFinite === null) return Number(word)
    if (/nan/i.test(word)) return Number.NaN
    return notFinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }

  /** What stands before the next blank or comma, lower case; "" at the end of the line. */
  readWord(): string {
    this.skipBlanks()
    this.holdNumber()
    const word = this.wordHere()
    this.at += word.length
    return word.toLowerCase()
  }

  private endsAt(at: number): boolean {
    if (at - this.at > limits.maxNumberBytes) return false
    return endsNumber(at < this.end ? this.block[at]! : -1)
  }

  private wordHere(): string {
    const { block, at, end } = this
    let to = at
    while (to < end && to - at <= limits.maxNumberBytes && !endsNumber(block[to]!)) to++
    return String.fromCharCode(...block.subarray(at, to))
  }

  /** What stands under the cursor is not what must be there. */
  refuse(expected: string): BadFile {
    const byte = this.peek()
    if (byte === -1) return this.bad(expected, "the end of the file")
    if (byte === lineFeed) return this.bad(expected, "the end of the line")
    this.holdNumber()
    return this.bad(expected, quoted(byte === comma ? "," : this.wordHere()))
  }

  /** An error in this line. */
  bad(expected: string, found: string): BadFile {
    return badFile(this.source, `line ${this.line}`, expected, found)
  }
}
