const LINE_FEED = 0x0a

/**
 * Splits a stream of bytes at line feeds only: not at U+2028, which JSON strings may contain unescaped. It drops the bytes after
 * the last line feed: they are an incomplete line.
 *
 * @param longest Maximum bytes of a line. @throws If a line is longer.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      if (length + end - from > longest) throw tooLong(longest)
      yield Buffer.concat([...parts, chunk.subarray(from, end)])
      parts = []
      length = 0
      from = end + 1
    }
    parts.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > longest) throw tooLong(longest)
  }
}

/** A line is longer than its reader allows. */
export class LineTooLong extends Error {}

function tooLong(longest: number): LineTooLong {
  return new LineTooLong(`a line has more than ${longest} bytes`)
}
