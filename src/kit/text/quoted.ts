import { visible } from "./escape-hidden.ts"

/** A text as a JSON string, cut to `MAX_QUOTED` characters, with hidden characters escaped. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text))
}

const MAX_QUOTED = 80
