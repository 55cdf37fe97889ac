import { readFileSync } from "node:fs"

import type { TemplateName, TemplateTexts } from "./core/render/template.ts"
import { packageFile } from "./kit/files/package-file.ts"

/** The templates that ship with the package. @throws when the installation lacks one. */
export function readTemplates(): TemplateTexts {
  const text = (name: TemplateName) => readFileSync(packageFile(`templates/${name}.hbs`), "utf8")
  return {
    "keepalived.conf": text("keepalived.conf"),
    "vrrp-instance": text("vrrp-instance"),
    "virtual-server": text("virtual-server"),
  }
}
