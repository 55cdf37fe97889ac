import { mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Calls `use` with a new empty directory, which is removed afterwards however that ended. */
export async function withTemporaryDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  // realpath: where the system's temporary directory is a link, what a program prints would differ from what we gave.
  const directory = await realpath(await mkdtemp(join(tmpdir(), "kkv-test-")))
  try {
    return await use(directory)
  } finally {
    // A process that is about to end may still write one more file between the look and the removal.
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}
