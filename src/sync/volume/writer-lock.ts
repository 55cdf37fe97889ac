import { statSync } from "node:fs"

import { type Lock, takeLock } from "../../kit/lock.ts"

/**
 * Makes this process the only writer of a volume, as long as it lives; null when another one is.
 *
 * The volume is known by its device and inode, not by its path: with hostNetwork the pods of two installations share the
 * namespace of the lock's name, and have volumes of their own under one path.
 *
 * @param directory The volume; it must exist. @throws When there can be no lock.
 */
export function takeWriterLock(directory: string): Promise<Lock | null> {
  const { dev, ino } = statSync(directory)
  return takeLock(`kkv-sync-${dev}-${ino}`)
}
