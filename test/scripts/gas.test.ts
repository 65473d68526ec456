import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { gasTable } from '../../scripts/gas/table.ts'
import { root } from '../support/builtPackage.ts'

const run = promisify(execFile)

describe('npm run gas', function () {
  this.timeout(600_000)

  it('measures what the snapshot and the README say, every gate kept, beside its peers', async () => {
    const { stdout } = await run(process.execPath, [`${root}scripts/gas.ts`, '--json'], {
      cwd: root,
      maxBuffer: 2 ** 24,
    })
    const { rows } = JSON.parse(stdout) as { rows: { name: string; value: number; peer?: number; ratio?: number }[] }
    const measured = new Map(rows.map(({ name, value }) => [name, value]))
    const snapshot = (await readFile(`${root}.gas-snapshot`, 'utf8')).trim().split('\n')
    expect([...measured].map(([name, value]) => `${name} ${value}`)).to.have.members(snapshot)
    const compact = (table: string) => table.replace(/[ -]+/g, ' ')
    expect(compact(await readFile(`${root}README.md`, 'utf8'))).to.contain(compact(gasTable(measured)))
    const batch = rows.find(({ name }) => name === 'batch.100.perAccount')
    expect(batch?.peer).to.equal(measured.get('peer.eas.multiAttest.20.packed.perAccount'))
    expect(batch?.ratio).to.be.above(20)
  })
})
