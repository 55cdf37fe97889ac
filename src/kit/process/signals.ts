/** Resolves with the first of these signals that this process receives; the second one ends the process as usual. */
export function untilSignal(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const end = (signal: NodeJS.Signals) => {
      for (const one of signals) process.off(one, end)
      resolve(signal)
    }
    for (const one of signals) process.on(one, end)
  })
}
