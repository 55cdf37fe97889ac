import { statSync } from "node:fs"

import { type Lock, takeLock } from "../../kit/files/lock.ts"

/**
 * Makes this process the only writer of a volume until it ends; null if another process is.
 *
 * The lock's name has the volume's device and inode, not its path: with hostNetwork, the pods of two installations share the
 * namespace of lock names, and have different volumes at the same path.
 *
 * @param directory The volume; it must exist. @throws If the lock cannot be created.
 */
export function takeWriterLock(directory: string): Promise<Lock | null> {
  const { dev, ino } = statSync(directory)
  return takeLock(`kkv-sync-${dev}-${ino}`)
}
