import { hash } from "node:crypto"

/** Checksum of a text or of bytes, as the contract writes checksums: 64 lowercase hex digits, as `sha256sum` prints them. */
export function sha256Of(content: string | Uint8Array): string {
  return hash("sha256", content, "hex")
}
