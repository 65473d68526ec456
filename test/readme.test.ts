import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { buildPackage, root } from './support/builtPackage.ts'
import { runCommand, startDevnetCommand, temporaryDirectory } from './support/commandLine.ts'

describe('README', function () {
  this.timeout(120_000)

  it('shows a library example that runs and gives what the command line gives', async () => {
    const readme = await readFile(`${root}README.md`, 'utf8')
    const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? expect.fail('no example')
    await buildPackage()
    const directory = await temporaryDirectory()
    const devnet = await startDevnetCommand(directory.file('devnet.json'))
    // Inside the package, so that its own name resolves.
    const folder = `${root}cache/readme`
    try {
      await mkdir(folder, { recursive: true })
      await writeFile(`${folder}/example.ts`, example)
      const child = spawn(process.execPath, [`${folder}/example.ts`, devnet.file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let printed = ''
      child.stdout.on('data', (chunk) => {
        printed += chunk
      })
      const [code] = await once(child, 'close')
      expect(code).to.equal(0)
      const { stdout } = await runCommand(['margin', 'hedged', '--json', '--deployment', devnet.file])
      const { initialMargin, equity } = JSON.parse(stdout)
      const usd = (value: string) => (Number(value) / 1e6).toFixed(2)
      expect(printed).to.contain(`initial margin       ${usd(initialMargin)} of equity ${usd(equity)}`)
    } finally {
      await devnet.stop()
      await directory.remove()
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('names only commands and documents that exist', async () => {
    const readme = await readFile(`${root}README.md`, 'utf8')
    const { stdout } = await runCommand(['--help'])
    for (const [, command = ''] of readme.matchAll(/^\| `([a-z]+)/gm)) expect(stdout).to.contain(`  ${command}`)
    for (const [, document = ''] of readme.matchAll(/\]\((docs\/[^)]+)\)/g)) await readFile(`${root}${document}`)
    const { scripts } = JSON.parse(await readFile(`${root}package.json`, 'utf8'))
    for (const [, script = ''] of readme.matchAll(/`npm run ([a-z]+)/g)) expect(scripts).to.have.property(script)
  })
})
