// A text file opened for reading, inflated first where it is gzip: told by its first bytes, since
// what saves a download may have inflated it and kept its name.
import { gunzipSync } from "node:zlib"
import { limits } from "../../model/limits.ts"
import { type ByteSource, badFile, bytesSource, readHead, withFile } from "../byteSource.ts"

/** Least bytes that zlib hands over at a time. */
const minChunkBytes = 1 << 16

const isGzip = (source: ByteSource): boolean => {
  const [first, second] = readHead(source, 2)
  return first === 0x1f && second === 0x8b
}

/** The length that the trailer claims, so that the text of one member is put in one place. */
const claimedBytes = (packed: Uint8Array): number =>
  packed.length < 4 ? 0 : new DataView(packed.buffer).getUint32(packed.length - 4, true)

/** Every member of the file; CRC and lengths are checked. BadFile where damaged or too long. */
export const inflateText = (
  source: ByteSource,
  maxBytes: number = limits.maxInflatedTextBytes,
): ByteSource => {
  const packed = new Uint8Array(source.size)
  source.readInto(packed, 0)
  const chunkSize = Math.min(Math.max(claimedBytes(packed) + 1, minChunkBytes), maxBytes)
  try {
    const bytes = gunzipSync(packed, { maxOutputLength: maxBytes, chunkSize })
    return bytesSource(bytes, source.file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw badFile(source, "gzip", `at most ${maxBytes} bytes of text`, "more")
    }
    if (code?.startsWith("Z_") !== true) throw error
    throw badFile(source, "gzip", "gzip data", message)
  }
}

export const withText = <A>(path: string, use: (text: ByteSource) => A): A =>
  withFile(path, (source) => use(isGzip(source) ? inflateText(source) : source))
