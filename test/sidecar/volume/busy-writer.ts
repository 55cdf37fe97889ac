import { serviceText, vipsText } from "../../support/manifests.ts"
import { publicationOf, publisherOf } from "../../support/volume.ts"

/** A program for tests: publishes 80 generations in the volume it is given, and keeps one. */

const services = Array.from({ length: 20 }, (_, index) => `s${index}`)
const publications = [1, 2].map((last) =>
  publicationOf(
    vipsText("10.4.0.50: |", ...services.map((name) => `  default/${name}`)),
    ...services.map((name) => serviceText(name, [`10.2.0.${last}`])),
  ),
)
const publisher = publisherOf(process.argv[2] ?? "", 1, 1)
for (let round = 0; round < 40; round++) for (const one of publications) await publisher.publish(one)
