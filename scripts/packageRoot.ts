import { fileURLToPath } from 'node:url'

/** Folder of this package, with a slash at its end, whether it runs from its sources or as built. */
export const packageRoot = fileURLToPath(new URL('.', import.meta.resolve('plimsoll/package.json')))
