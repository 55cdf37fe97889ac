import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs"
import { dirname, resolve, sep } from "node:path"

/**
 * Makes the directory of a volume if it is missing.
 *
 * @param source The directory that sync reads as its source; null if there is none. @throws If sync cannot publish in it.
 */
export function makeVolume(volume: string, source: string | null): void {
  const cannot = `Cannot publish in ${JSON.stringify(volume)}`
  if (volume === "") throw new Error(`${cannot}: it is empty (expected a directory)`)
  try {
    makeDirectory(resolve(volume))
  } catch (cause) {
    throw new Error(cannot, { cause })
  }
  if (!statSync(volume).isDirectory()) throw new Error(`${cannot}: it is not a directory`)
  if (source === null || !existsSync(source)) return
  const [inner, outer] = [volume, source].map((path) => `${realpathSync(path)}${sep}`)
  // sync would read its own output as second objects with the same names.
  if (inner?.startsWith(outer ?? inner) === true)
    throw new Error(`${cannot}: it is inside the source ${JSON.stringify(source)}; use a directory outside of it`)
}

/** Not `recursive: true`: that loops for ever if the kernel answers ENOENT, as below /proc (Node.js 24). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  mkdirSync(path)
}
