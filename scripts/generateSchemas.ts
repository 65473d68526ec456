import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { jsonSchemas } from './schemas.ts'

const folder = fileURLToPath(new URL('../docs/schemas/', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(`${folder}${name}`, `${JSON.stringify(schema, null, 2)}\n`)
}
const { status } = spawnSync('biome', ['check', '--write', folder], { stdio: 'inherit' })
if (status !== 0)
  throw new Error(`biome could not format ${folder}; run this through npm or with node_modules/.bin on the path`)
