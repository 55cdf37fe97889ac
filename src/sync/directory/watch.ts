import { basename } from "node:path"

import { watch } from "chokidar"

/** Time between two polls of names, sizes and times, in ms. sync relies on the polls; inotify only makes it faster. */
const POLL_MS = 1000

export interface DirectoryWatchOptions {
  readonly root: string
  /** Called when sync should read the source again. */
  readonly onChange: () => void
  /** Called once per second. */
  readonly hasChanged: () => boolean
  /** Gets the watcher's errors; polling goes on. */
  readonly onWarning: (error: unknown) => void
}

/** Calls `onChange` whenever something below the directory may have changed. */
export function watchDirectory({ root, onChange, hasChanged, onWarning }: DirectoryWatchOptions): {
  close(): Promise<void>
} {
  const watcher = watch(root, {
    // A change of the kubelet's `..data` link is one event; following it would watch directories that the kubelet removes.
    followSymlinks: false,
    atomic: false,
    ignoreInitial: true,
    persistent: true,
    // Git writes thousands of files there, and none of them is a manifest.
    ignored: (path) => basename(path) === ".git",
  })
  // The raw kernel event arrives 8 ms before chokidar's own, and a hint does not need the details.
  watcher.on("raw", onChange)
  watcher.on("all", onChange)
  watcher.on("ready", onChange)
  // Without a listener an error would end the process.
  watcher.on("error", onWarning)
  const poll = setInterval(() => hasChanged() && onChange(), POLL_MS)
  return {
    close: () => {
      clearInterval(poll)
      return watcher.close()
    },
  }
}
