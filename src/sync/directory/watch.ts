import { basename } from "node:path"

import { watch } from "chokidar"

/** Inotify is a hint that makes us faster; the look at names, sizes and times each second is what we rely on. */
const POLL_MS = 1000

export interface DirectoryWatchOptions {
  readonly root: string
  /** Look again. */
  readonly hint: () => void
  /** Asked each second. */
  readonly hasChanged: () => boolean
  /** Hears what the watcher cannot do; the poll goes on. */
  readonly trouble: (error: unknown) => void
}

/** Gives a hint whenever something below the directory may have changed. */
export function watchDirectory({ root, hint, hasChanged, trouble }: DirectoryWatchOptions): { close(): Promise<void> } {
  const watcher = watch(root, {
    // A change of kubelet's `..data` link shows as one event; following it would watch directories that come and go.
    followSymlinks: false,
    atomic: false,
    ignoreInitial: true,
    persistent: true,
    // Git writes thousands of files there, and none is a manifest.
    ignored: (path) => basename(path) === ".git",
  })
  // The kernel's own event comes 8 ms before chokidar has made sense of it; a hint needs no sense.
  watcher.on("raw", hint)
  watcher.on("all", hint)
  watcher.on("ready", hint)
  // Without a listener an error would end the process.
  watcher.on("error", trouble)
  const poll = setInterval(() => hasChanged() && hint(), POLL_MS)
  return {
    close: () => {
      clearInterval(poll)
      return watcher.close()
    },
  }
}
