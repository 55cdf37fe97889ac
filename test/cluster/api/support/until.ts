/** Gives what `look` gives as soon as it gives something. @throws After `limitMs`, with what was waited for and what is so. */
export async function until<T>(what: string, limitMs: number, look: () => T | null | Promise<T | null>): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (performance.now() > end) throw new Error(`Waited ${limitMs} ms in vain until ${what}`)
    await pause(20)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
