import { constants } from "node:fs"
import { mkdir, open } from "node:fs/promises"

const PRIVATE = 0o700

/**
 * Makes a directory private to this process's user; changes the mode of an existing one.
 *
 * @throws If another user owns it: that user could put any file there, and our programs would read it.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE })
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const { uid, mode } = await handle.stat()
    const own = process.getuid?.() ?? uid
    if (uid !== own)
      throw new Error(
        `Cannot trust directory "${path}": user ${uid} owns it, expected user ${own}; look at what is in it, then: chown -R ${own} ${path}`,
      )
    if ((mode & 0o7777) !== PRIVATE) await handle.chmod(PRIVATE)
  } finally {
    await handle.close()
  }
}
