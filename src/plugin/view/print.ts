import { stringify } from "yaml"

/** In which form an answer is printed. */
export type Format = (typeof FORMATS)[number]
export const FORMATS = ["text", "wide", "json", "yaml"] as const

/** The value for a program; null for a form that people read. */
export function forPrograms(value: unknown, format: Format): string | null {
  switch (format) {
    case "json":
      return `${JSON.stringify(value, null, 2)}\n`
    case "yaml":
      return stringify(value, { lineWidth: 0 })
    case "text":
    case "wide":
      return null
  }
}
