/** A field of anything, or a field of that field, and so on; undefined if there is none. */
export function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((part, name) => Reflect.get(Object(part), name), value)
}
