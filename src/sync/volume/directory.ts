import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs"
import { dirname, resolve, sep } from "node:path"

/**
 * Makes the directory of a volume where it is missing.
 *
 * @param source A directory that is read as the source; null where there is none. @throws Where nothing can be published in it.
 */
export function makeVolume(volume: string, source: string | null): void {
  const cannot = `Cannot publish in ${JSON.stringify(volume)}`
  if (volume === "") throw new Error(`${cannot}: it is empty (expected a directory)`)
  try {
    makeDirectory(resolve(volume))
  } catch (cause) {
    throw new Error(cannot, { cause })
  }
  if (!statSync(volume).isDirectory()) throw new Error(`${cannot}: it is no directory`)
  if (source === null || !existsSync(source)) return
  const [inner, outer] = [volume, source].map((path) => `${realpathSync(path)}${sep}`)
  // What is published would be read again, as a second object of each name.
  if (inner?.startsWith(outer ?? inner) === true)
    throw new Error(`${cannot}: it lies in the source ${JSON.stringify(source)}; use a directory outside of it`)
}

/** Not `recursive: true`: that tries for ever where the kernel answers ENOENT, as below /proc (Node.js 24). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  mkdirSync(path)
}
