import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { keccak256, stringToHex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { promptHidden } from '../../scripts/cli/prompt.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { runCommand, startCommand, temporaryDirectory } from '../support/commandLine.ts'
import { rejection } from '../support/rejection.ts'

const privateKey = keccak256(stringToHex('keys'))
const address = privateKeyToAddress(privateKey)
const password = 'correct horse'

describe('plimsoll keys', function () {
  this.timeout(60_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  const passwordFile = () => ['--password-file', directory.file('password')]
  const run = (...args: string[]) => runCommand(['keys', ...args], {}, directory.file('.'))
  const importKey = (text: string, ...args: string[]) => {
    const { child, done } = startCommand(['keys', 'import', ...args], {}, directory.file('.'), 'pipe')
    child.stdin?.end(text)
    return done
  }

  before(async () => {
    directory = await temporaryDirectory()
    await writeFile(directory.file('password'), `${password}\n`)
  })
  after(() => directory.remove())

  it('makes a key that ethers opens, for its owner alone', async () => {
    const ran = await run('new', 'attestor', ...passwordFile(), '--json')
    expect(ran.code, ran.stderr).to.equal(0)
    const made = JSON.parse(ran.stdout)
    const file = directory.file(made.file)
    const wallet = await Wallet.fromEncryptedJson(await readFile(file, 'utf8'), password)
    expect(wallet.address).to.equal(made.address)
    expect((await stat(file)).mode & 0o777).to.equal(0o600)
    expect((await stat(directory.file('keystores'))).mode & 0o777).to.equal(0o700)
  })

  it('imports a key from standard input into a file in the form of geth, and shows it nowhere', async () => {
    const ran = await importKey(`${privateKey.slice(2)}\n`, 'payer', ...passwordFile())
    expect(ran).to.deep.equal({
      code: 0,
      stderr: '',
      stdout: `saved keystores/payer.json  ${address}  (V3 scrypt; readable by cast, geth and ethers)\n`,
    })
    const text = await readFile(directory.file('keystores/payer.json'), 'utf8')
    const content = JSON.parse(text)
    expect(Object.keys(content).sort()).to.deep.equal(['address', 'crypto', 'id', 'version'])
    expect(content.address).to.equal(address.slice(2).toLowerCase())
    expect(content.version).to.equal(3)
    expect(content.id).to.match(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    const { n, r, p, dklen } = content.crypto.kdfparams
    expect([content.crypto.kdf, n, r, p, dklen]).to.deep.equal(['scrypt', 2 ** 18, 8, 1, 32])
    expect(text).not.to.contain(privateKey.slice(2))
    expect((await Wallet.fromEncryptedJson(text, password)).privateKey).to.equal(privateKey)
  })

  it('is read by cast, and reads what cast wrote', async function () {
    const cast = ['node_modules/.bin/cast', '/usr/local/bin/cast', '/usr/bin/cast'].find((path) => existsSync(path))
    if (cast === undefined) {
      console.log('      skipped: there is no cast here; install @foundry-rs/cast or Foundry to run this')
      return this.skip()
    }
    const { execFileSync } = await import('node:child_process')
    const call = (...args: string[]) => execFileSync(cast, ['wallet', ...args], { encoding: 'utf8' })
    const keystore = directory.file('keystores/payer.json')
    expect(call('address', '--keystore', keystore, '--password', password).trim()).to.equal(address)
    await mkdir(directory.file('cast'))
    call('import', 'x.json', '--private-key', privateKey, '--unsafe-password', password, '-k', directory.file('cast'))
    const shown = await run('show', 'cast/x.json', ...passwordFile())
    expect(shown.stdout).to.contain(`${address}  opens with this password`)
  })

  it('lists and shows addresses, and says whether the password opens', async () => {
    const listed = await run('list', '--json')
    expect(JSON.parse(listed.stdout).keys.map(({ name }: { name: string }) => name)).to.deep.equal([
      'attestor',
      'payer',
    ])
    expect((await run('show', 'payer')).stdout).to.equal(`${address}\n`)
    expect((await run('show', 'payer', ...passwordFile())).stdout).to.equal(`${address}  opens with this password\n`)
    await writeFile(directory.file('wrong'), 'wrong')
    const wrong = await run('show', 'payer', '--password-file', directory.file('wrong'))
    expect(wrong.code).to.equal(1)
    expect(wrong.stderr).to.contain('does not open with this password')
  })

  it('never overwrites a key', async () => {
    const before = await readFile(directory.file('keystores/payer.json'), 'utf8')
    for (const ran of [
      await run('new', 'payer', ...passwordFile()),
      await importKey(privateKey, 'payer', ...passwordFile()),
    ]) {
      expect(ran.code).to.equal(1)
      expect(ran.stderr).to.contain('keystores/payer.json is there already.')
    }
    expect(await readFile(directory.file('keystores/payer.json'), 'utf8')).to.equal(before)
  })

  it('takes no key from the arguments, no torn key, no empty password and no name that leads elsewhere', async () => {
    await writeFile(directory.file('empty'), '\n')
    const torn = privateKey.slice(0, 50)
    const names = () => readdir(directory.file('keystores')).catch(() => [])
    const before = await names()
    const refused = [
      [await run('import', privateKey, ...passwordFile()), 2],
      [await run('import', 'payer2', privateKey, ...passwordFile()), 2],
      [await run('import', 'payer2', '--private-key', privateKey), 2],
      [await run('new', '../outside', ...passwordFile()), 2],
      [await run('new', 'payer2'), 1],
      [await run('new', 'payer2', '--password-file', directory.file('empty')), 1],
      [await importKey(privateKey, 'payer2'), 2],
      [await importKey(torn, 'payer2', ...passwordFile()), 1],
    ] as const
    for (const [ran, code] of refused) {
      expect(ran.code, ran.stderr).to.equal(code)
      expect(ran.stderr).not.to.equal('')
      expect(`${ran.stdout}${ran.stderr}`).not.to.contain(torn.slice(2))
    }
    expect(await names()).to.deep.equal(before)
  })
})

describe('promptHidden', () => {
  const terminal = () => {
    const modes: boolean[] = []
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (mode: boolean) => modes.push(mode) })
    const output = new PassThrough()
    return { input, output, modes }
  }

  it('reads a line without showing it, with corrections, and leaves what follows to the next question', async () => {
    const { input, output, modes } = terminal()
    const first = promptHidden('Password: ', { input, output })
    input.write('secrex\u007ft\u001b\rnext\r')
    expect(await first).to.equal('secret')
    expect(await promptHidden('Again: ', { input, output })).to.equal('next')
    expect(`${output.read()}`).to.equal('Password: \nAgain: \n')
    expect(modes).to.deep.equal([true, false, true, false])
  })

  it('gives the terminal back when the person gives up, and asks nobody where there is none', async () => {
    const { input, output, modes } = terminal()
    const asked = promptHidden('Password: ', { input, output })
    input.write('sec\u0003')
    await rejection(asked, InvalidInputError)
    expect(modes).to.deep.equal([true, false])
    await rejection(promptHidden('Password: ', { input: new PassThrough(), output }), InvalidInputError)
  })
})
