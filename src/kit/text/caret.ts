import { visible } from "./escape-hidden.ts"

/**
 * A line, and below it a caret under the mistake.
 *
 * @param column From 1; null if only the line is known.
 */
export function caretText(line: string, column: number | null): string {
  const shown = visible(line).replaceAll("\t", " ")
  if (column === null || column > shown.length + 1) return shown
  return `${shown}\n${" ".repeat(column - 1)}^`
}
