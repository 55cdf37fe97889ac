import { entryLines, namedService, type NamedService } from "../entry-lines.ts"
import { namesIn } from "./services.ts"
import { readValue } from "./value.ts"

/** The Services that a long form names, also a broken one: its last good form may need them. */
export function servicesNamedIn(text: string): readonly NamedService[] {
  const read = readValue({ text, place: null })
  const names = read.kind === "mapping" ? namesIn(read.value) : namesBetween(text)
  return names.flatMap((name) => namedService(name) ?? [])
}

/** The values of all that looks like a field `service`, for a text that is not YAML. */
function namesBetween(text: string): readonly string[] {
  return entryLines(text).flatMap((line) => [...line.text.matchAll(FIELD)].map(([, name = ""]) => name))
}

const FIELD = /(?:^|[\s{,"'])service["']?\s*:\s*["']?([^\s"',}\]]+)/g
