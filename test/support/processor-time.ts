/** Counts the processor time of this process from now on, in ms: what else the machine does counts for nothing. */
export function processorTime(): () => number {
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
}
