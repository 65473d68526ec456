import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type NetworkName, networkFile, networkSource, networkTables } from './networkTables.ts'

const tables = Object.entries(networkTables()).map(([name, table]) => ({ name: name as NetworkName, table }))
for (const { name, table } of tables) writeFileSync(networkFile(name), networkSource(name, table))
const files = tables.map(({ name }) => networkFile(name))
const { status } = spawnSync('biome', ['check', '--write', ...files], { stdio: 'inherit' })
if (status !== 0)
  throw new Error(
    `biome could not format ${files.join(', ')}; run this through npm or with node_modules/.bin on the path`,
  )
