// Bytes with a name, from a file or from memory: the readers above it never know which. Every
// failure of the file system becomes FileUnreadable or FileUnwritable here.
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs"
import { BadFile, FileUnreadable, FileUnwritable } from "../model/errors.ts"
import { systemReason } from "../model/systemReason.ts"

export interface ByteSource {
  /** Named in errors. */
  readonly file: string
  /** Where inside the file, as "data.npy: "; empty for the whole file. */
  readonly place: string
  readonly size: number
  /** Fills `target` with the bytes from `offset`; asking beyond `size` is a BadFile. */
  readonly readInto: (target: Uint8Array, offset: number) => void
}

/** File calls and digests take less than 2 GiB at a time. */
const chunkBytes = 1 << 30

/** Consecutive views of at most `chunkBytes`. */
export function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

export const badFile = (source: ByteSource, place: string, expected: string, found: string) =>
  new BadFile({ file: source.file, place: source.place + place, expected, found })

const checkRange = (source: ByteSource, offset: number, bytes: number): void => {
  if (offset + bytes <= source.size) return
  throw badFile(
    source,
    `bytes ${offset} to ${offset + bytes}`,
    `at least ${offset + bytes} bytes`,
    `${source.size} bytes`,
  )
}

export const bytesSource = (bytes: Uint8Array, file: string, place = ""): ByteSource => {
  const source: ByteSource = {
    file,
    place,
    size: bytes.byteLength,
    readInto: (target, offset) => {
      checkRange(source, offset, target.byteLength)
      target.set(bytes.subarray(offset, offset + target.byteLength))
    },
  }
  return source
}

/** The first `bytes` of a source, or all of it where it is shorter. */
export const readHead = (source: ByteSource, bytes: number): Uint8Array => {
  const head = new Uint8Array(Math.min(bytes, source.size))
  source.readInto(head, 0)
  return head
}

const readFully = (source: ByteSource, fd: number, target: Uint8Array, offset: number): void => {
  let done = 0
  while (done < target.byteLength) {
    const wanted = Math.min(target.byteLength - done, chunkBytes)
    const got = readSync(fd, target, done, wanted, offset + done)
    if (got === 0) {
      throw badFile(source, `byte ${offset + done}`, `${source.size} bytes`, "the end of the file")
    }
    done += got
  }
}

/** Opens the file for the time of `use`. */
export const withFile = <A>(path: string, use: (source: ByteSource) => A): A => {
  let fd: number
  let size: number
  try {
    // Not blocking: a named pipe without a writer would hold the thread for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw new FileUnreadable({ file: path, reason: systemReason(error) })
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new FileUnreadable({ file: path, reason: "not a regular file" })
    size = stat.size
    const source: ByteSource = {
      file: path,
      place: "",
      size,
      readInto: (target, offset) => {
        checkRange(source, offset, target.byteLength)
        try {
          readFully(source, fd, target, offset)
        } catch (error) {
          if (error instanceof BadFile) throw error
          throw new FileUnreadable({ file: path, reason: systemReason(error) })
        }
      },
    }
    return use(source)
  } finally {
    closeSync(fd)
  }
}

/** Writes the parts one after another into a new file. */
export const writeFileParts = (path: string, parts: Iterable<Uint8Array>): void => {
  let fd: number | null = null
  try {
    fd = openSync(path, "w")
    for (const part of parts) {
      for (let done = 0; done < part.byteLength; ) {
        done += writeSync(fd, part, done, Math.min(part.byteLength - done, chunkBytes))
      }
    }
  } catch (error) {
    throw new FileUnwritable({ file: path, reason: systemReason(error) })
  } finally {
    if (fd !== null) closeSync(fd)
  }
}
