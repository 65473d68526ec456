import { type ExecFileException, execFile } from 'node:child_process'
import { access, chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { packPackage, root } from './support/builtPackage.ts'
import { temporaryDirectory } from './support/commandLine.ts'

const require = createRequire(import.meta.url)

/** What the guide for integrators tells them to write, in the order of the page. */
async function readGuide() {
  const guide = await readFile(`${root}docs/consumer.md`, 'utf8')
  const blocks = (language: string) =>
    [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text)
  const [contract, solidityTest] = blocks('solidity')
  const [typescriptTest] = blocks('ts')
  if (!contract || !solidityTest || !typescriptTest) throw new Error('docs/consumer.md lost its examples')
  return { contract, solidityTest, typescriptTest }
}

/**
 * Runs a program to its end; what it printed, or an error with what it printed. Hardhat hands its configuration down to child
 * processes in variables: with them a Hardhat of another project would run the tests of this one.
 */
function run(directory: string, program: string, ...args: readonly string[]): Promise<string> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HARDHAT_')))
  const env = { ...inherited, HOME: directory, NO_COLOR: '1' }
  const options = { cwd: directory, maxBuffer: 2 ** 26, timeout: 120_000, env }
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error: ExecFileException | null, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(' ')}: ${error.message}\n${stdout}\n${stderr}`))
      else resolve(`${stdout}${stderr}`)
    })
  })
}

async function writeFiles(directory: string, files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
}

describe('the packed package', function () {
  this.timeout(180_000)
  let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
  let tarball: string

  before(async () => {
    temporary = await temporaryDirectory()
    await mkdir(temporary.file('.'), { recursive: true })
    tarball = await packPackage(temporary.file('.'))
  })
  after(async () => temporary.remove())

  /** A project with the tarball unpacked as npm would, and other packages linked to the ones of this repository. */
  async function createProject(name: string, packages: readonly string[], files: Readonly<Record<string, string>>) {
    const project = temporary.file(name)
    const installed = join(project, 'node_modules/plimsoll')
    await mkdir(installed, { recursive: true })
    await run(project, 'tar', '-xzf', tarball, '-C', installed, '--strip-components', '1')
    for (const dependency of packages) {
      await mkdir(dirname(join(project, 'node_modules', dependency)), { recursive: true })
      await symlink(`${root}node_modules/${dependency}`, join(project, 'node_modules', dependency))
    }
    await writeFiles(project, { 'package.json': JSON.stringify({ type: 'module', private: true }), ...files })
    return project
  }

  const readManifest = async () => JSON.parse(await readFile(`${root}package.json`, 'utf8'))
  const dependencies = async () => Object.keys((await readManifest()).dependencies)

  it('holds what it needs and no sources, tests or test contracts', async () => {
    const project = await createProject('contents', [], {})
    const files = (await readdir(join(project, 'node_modules/plimsoll'), { recursive: true })).map((file) =>
      file.replaceAll('\\', '/'),
    )
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs/consumer.md', 'contracts/MarginConsumer.sol']) {
      expect(files).to.include(file)
    }
    const isSource = (file: string) => /^(src|test|scripts)\/|contracts\/test\/|(?<!\.d)\.ts$/.test(file)
    expect(files.filter(isSource)).to.deep.equal([])
    const { exports, bin } = await readManifest()
    const targets = Object.values<string | Record<string, string>>({ ...exports, ...bin }).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    )
    for (const target of targets) if (!target.includes('*')) expect(files).to.include(target.replace(/^\.\//, ''))
  })

  it('runs with nothing but its dependencies: library, command line and types', async () => {
    const project = await createProject('plain', [...(await dependencies()), 'typescript'], {
      'run.js': `
        import { calculateMargin, parseParameters, parseSnapshot, version } from 'plimsoll'
        import { marginOracleAbi } from 'plimsoll/abi'
        import { addresses } from 'plimsoll/addresses'
        import { marginFixture } from 'plimsoll/testing'
        console.log(version, typeof calculateMargin, marginOracleAbi.length > 5, typeof addresses, typeof marginFixture)
      `,
      'types.ts': `
        import { createPublicClient, http } from 'viem'
        import { type CalculateMarginOptions, calculateMargin, type MarginParameters, type MarginResult } from 'plimsoll'
        import { marginOracleAbi } from 'plimsoll/abi'
        import { addresses } from 'plimsoll/addresses'
        import { marginFixture, type MarginFixture } from 'plimsoll/testing'
        const client = createPublicClient({ transport: http() })
        const [status, margin] = await client.readContract({
          address: '0x0000000000000000000000000000000000000001',
          abi: marginOracleAbi,
          functionName: 'tryMarginOf',
          args: ['0x0000000000000000000000000000000000000001', 900n],
        })
        export const inferred: readonly [number, bigint, bigint, number] = [status, margin.equity, margin.initialMargin, margin.flags]
        // @ts-expect-error the maximum age is a bigint
        await client.readContract({ address: '0x01', abi: marginOracleAbi, functionName: 'marginOf', args: ['0x01', 'x'] })
        // @ts-expect-error a margin needs an equity
        export const wrong = (fixture: MarginFixture) => fixture.setMargin('0x01', { im: '1' })
        export const result: MarginResult = calculateMargin({} as CalculateMarginOptions<MarginParameters>)
        export { addresses, marginFixture }
      `,
    })
    expect(await run(project, process.execPath, 'run.js')).to.equal('0.1.0 function true object function\n')
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck']
    const tsc = [
      'node_modules/typescript/bin/tsc',
      ...options,
      '--module',
      'nodenext',
      '--target',
      'es2023',
      'types.ts',
    ]
    expect(await run(project, process.execPath, ...tsc)).to.equal('')
    const cli = join(project, 'node_modules/plimsoll', (await readManifest()).bin.plimsoll)
    expect(await run(project, process.execPath, cli, '--version')).to.equal('0.1.0\n')
    const devnet = await run(project, process.execPath, cli, 'devnet').catch(String)
    expect(devnet).to.contain('Clone the repository')
  })

  it('gives a Hardhat project its gate, its fixture and its mock, word for word as the guide says', async () => {
    const { contract, solidityTest, typescriptTest } = await readGuide()
    const packages = ['hardhat', '@nomicfoundation/hardhat-toolbox-mocha-ethers', 'chai', ...(await dependencies())]
    const project = await createProject('hardhat', packages, {
      'contracts/Line.sol': contract,
      'test/Line.t.sol': solidityTest,
      'test/Line.test.ts': typescriptTest,
      'hardhat.config.ts': `
        import toolbox from '@nomicfoundation/hardhat-toolbox-mocha-ethers'
        import { defineConfig } from 'hardhat/config'
        export default defineConfig({
          plugins: [toolbox],
          solidity: { version: '0.8.37', path: ${JSON.stringify(require.resolve('solc/soljson.js'))} },
        })
      `,
    })
    const printed = await run(project, process.execPath, `${root}node_modules/hardhat/dist/src/cli.js`, 'test')
    const cases = [...typescriptTest.matchAll(/ {2}it\('(.*)',/g)].map(([, title = '']) => title)
    expect(cases).to.have.length(6)
    for (const title of [...cases, 'testRefusesAStaleMargin()']) expect(printed).to.contain(`✔ ${title}`)
  })

  it('gives a Foundry project its gate and its mock with one remapping', async function () {
    const forge = await resolveForge()
    if (forge === undefined) {
      console.error('      skipped: @foundry-rs/forge has no binary for this system')
      this.skip()
    }
    const { contract, solidityTest } = await readGuide()
    const project = await createProject('foundry', [], {
      'contracts/Line.sol': contract,
      'test/Line.t.sol': solidityTest,
      'remappings.txt': 'plimsoll/=node_modules/plimsoll/\n',
      'foundry.toml': "[profile.default]\nsrc = 'contracts'\nsolc = './solc'\noffline = true\n",
      // The compiler from npm, which is JavaScript, behind the two arguments that forge uses of a native one.
      solc: [
        `#!${process.execPath}`,
        `const solc = require(${JSON.stringify(require.resolve('solc'))})`,
        "if (process.argv.includes('--version')) console.log('Version: ' + solc.version().replace('Emscripten.clang', 'Linux.g++'))",
        "else process.stdout.write(solc.compile(require('node:fs').readFileSync(0, 'utf8')))",
      ].join('\n'),
      // The wrapper is CommonJS.
      'package.json': JSON.stringify({ private: true }),
    })
    await chmod(join(project, 'solc'), 0o755)
    const printed = await run(project, forge, 'test')
    expect(printed).to.contain('[PASS] testRefusesAStaleMargin()')
  })
})

/** Forge's own binary, nothing where it does not come for this system. */
async function resolveForge(): Promise<string | undefined> {
  const system = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  const binary = `${root}node_modules/@foundry-rs/forge-${system}/bin/forge`
  return access(binary).then(
    () => binary,
    () => undefined,
  )
}
