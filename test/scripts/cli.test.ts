import { access, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { encryptKeystoreJsonSync } from 'ethers'
import { createClient, type Hex, http } from 'viem'
import { sendAs } from '../../scripts/devnet/chain.ts'
import { devnetSignerKey } from '../../scripts/devnet/plimsoll.ts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { signerFromKey } from '../../src/attest/keystore.ts'
import { decodeAttestation, encodeAttestation } from '../../src/attest/record.ts'
import { toJson } from '../../src/core/canonical.ts'
import { parseLogIndex } from '../../src/core/logIndex.ts'
import { parseSnapshot } from '../../src/core/snapshot.ts'
import { readSnapshot } from '../../src/engine.ts'
import { explainMargin } from '../../src/risk/plimsoll/explain/explainMargin.ts'
import {
  type CommandDevnet,
  type Ran,
  runCommand,
  startDevnetCommand,
  temporaryDirectory,
} from '../support/commandLine.ts'

const commands = [
  'devnet',
  'read',
  'margin',
  'ladder',
  'whatif',
  'attest',
  'post',
  'verify',
  'decode',
  'keeper',
  'keeper run',
]
const password = 'correct horse battery staple'

/** The one JSON object on standard output; nothing else may be there. */
function json({ stdout }: Ran) {
  return JSON.parse(stdout)
}

describe('plimsoll', function () {
  this.timeout(120_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let devnet: CommandDevnet

  before(async () => {
    directory = await temporaryDirectory()
    devnet = await startDevnetCommand(directory.file('deployment/devnet.json'))
  })
  after(async () => {
    await devnet.stop()
    await directory.remove()
  })

  const run = (...args: string[]) => runCommand([...args, '--deployment', devnet.file])
  const runJson = async (...args: string[]) => {
    const ran = await run(...args, '--json')
    return { ...json(ran), code: ran.code }
  }

  /** A keystore as other wallets write it, scrypt with few rounds. */
  async function keystore(name: string, privateKey: Hex): Promise<string> {
    const account = { address: signerFromKey(privateKey).address, privateKey }
    const text = encryptKeystoreJsonSync(account, password, { scrypt: { N: 1024, r: 8, p: 1 } })
    await writeFile(directory.file(name), text)
    return directory.file(name)
  }

  it('prints help for every command, and tells wrong usage by exit code 2', async () => {
    const helps = await Promise.all(commands.map((command) => runCommand([...command.split(' '), '--help'])))
    helps.forEach(({ code, stdout, stderr }, index) => {
      expect({ code, stderr }, commands[index]).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.match(/^Usage: plimsoll /)
    })
    const wrong = [[], ['bogus'], ['margin', 'hedged', '--bogus'], ['verify', 'a', 'b']]
    for (const { code, stdout, stderr } of await Promise.all(wrong.map((args) => runCommand(args)))) {
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
      expect(stderr).not.to.equal('')
    }
  })

  it('reads an account by name or address as the library does over HTTP, and says it in words', async () => {
    const { accounts, parameters, rpcUrl } = devnet.deployment
    const account = accounts.hedged as Hex
    const client = createClient({ transport: http(rpcUrl) })
    const { snapshot } = await readSnapshot(client, { account, parameters })
    const [named, addressed, words] = await Promise.all([
      run('read', 'hedged', '--json'),
      run('read', account.toLowerCase(), '--json'),
      run('read', 'empty'),
    ])
    expect(json(named)).to.deep.equal(toJson(snapshot))
    expect(addressed.stdout).to.equal(named.stdout)
    expect(words.stdout).to.include(`nothing at: ${parameters.venues.map(({ id }) => id).join(', ')}`)
    expect([named, addressed, words].map(({ code, stderr }) => ({ code, stderr }))).to.deep.equal(
      Array(3).fill({ code: 0, stderr: '' }),
    )
  })

  it('keeps what it found in logs in a file, and takes ids instead', async () => {
    const index = directory.file('index/found.json')
    const searched = await runJson('read', 'isolated', '--index', index)
    const [entry] = parseLogIndex(await readFile(index, 'utf8')).entries
    expect(entry).to.include({ venue: 'morpho-blue', account: devnet.deployment.accounts.isolated })
    const ids = entry?.ids.map(({ id }) => id) ?? []
    expect(ids).to.have.lengthOf(2)
    const [again, given] = await Promise.all([
      runJson('read', 'isolated', '--index', index),
      runJson('read', 'isolated', '--ids', `morpho-blue=${ids.join(',')}`),
    ])
    expect([again, given]).to.deep.equal([searched, searched])
  })

  it('calculates the same margin from the chain, from a snapshot file, and without color whatever is asked', async () => {
    const file = directory.file('hedged.json')
    expect(await runJson('read', 'hedged', '--out', file)).to.deep.equal({ file, ethCalls: 7, code: 0 })
    const [live, replayed, grid, colored] = await Promise.all([
      run('margin', 'hedged', '--json'),
      run('margin', file, '--json'),
      run('margin', file, '--scenarios'),
      runCommand(['margin', file, '--scenarios', '--deployment', devnet.file], { FORCE_COLOR: '1', NO_COLOR: '' }),
    ])
    expect(json(replayed)).to.deep.equal(json(live))
    const { lines, initialMargin } = json(live)
    const sum = lines.reduce((total: bigint, { initial }: { initial: string }) => total + BigInt(initial), 0n)
    expect(`${sum}`).to.equal(initialMargin)
    expect(grid.stdout).to.include('+500%').and.include('venue failure').and.include('requirement, USD')
    expect(colored.stdout).to.equal(grid.stdout)
    const moved = await runJson('margin', file, '--block', '5')
    expect(moved).to.deep.include({ code: 1 }).and.have.nested.property('error.name', 'InvalidInputError')
  })

  it('attests, posts and verifies: the transaction, the file and the bytes', async () => {
    const file = directory.file('attestation.hex')
    const attested = await runJson('attest', 'hedged', '--out', file)
    expect(attested.code).to.equal(0)
    expect((await readFile(file, 'utf8')).trim()).to.equal(attested.attestation)
    const early = await runJson('verify', file)
    expect(early).to.deep.include({ code: 0, equal: true, differences: [], digest: attested.digest })

    const posted = await runJson('post', file)
    expect(posted).to.deep.include({ code: 0, account: devnet.deployment.accounts.hedged })
    const [byHash, byBytes, words, twice] = await Promise.all([
      runJson('verify', posted.hash),
      runJson('verify', attested.attestation),
      run('verify', posted.hash),
      run('post', file),
    ])
    expect(byHash).to.deep.include({ kind: 'record' })
    for (const verified of [byHash, byBytes]) {
      expect(verified).to.deep.include({ code: 0, equal: true, digest: attested.digest })
      expect(verified.verification.valid).to.equal(true)
    }
    expect(words.stdout)
      .to.include('equal to the last unit')
      .and.match(/signatures +1 of 1, signed by 0x.*OK/)
      .and.include('VERIFIED:')
    expect({ code: twice.code, stdout: twice.stdout }).to.deep.equal({ code: 1, stdout: '' })
    expect(twice.stderr).to.match(/at least as new[\s\S]*newer block/)
  })

  it('explains what it posts and what reverts, and refuses what it does not know', async () => {
    const { attestation } = await runJson('attest', 'empty')
    const [record, error, words, unknown] = await Promise.all([
      runCommand(['decode', attestation, '--json']),
      runCommand(['decode', '0xb45922de', '--json']),
      runCommand(['decode', attestation]),
      runCommand(['decode', '0x12345678', '--json']),
    ])
    expect(json(record)).to.have.nested.property('attestation.record.account', devnet.deployment.accounts.empty)
    expect(json(error)).to.deep.include({ kind: 'error', docs: 'docs/errors.md#postingpaused' })
    expect(words.stdout).to.match(/initial margin +0\.00 USD/)
    expect({ code: unknown.code, name: json(unknown).error.name }).to.deep.equal({ code: 1, name: 'UnknownDataError' })
  })

  it('ends with exit code 3 and names the field when an attestation differs or is not signed', async () => {
    const { attestation: wire } = await runJson('attest', 'levered')
    const attestation = decodeAttestation(wire)
    const { record } = attestation
    const changed = encodeAttestation({ ...attestation, record: { ...record, equity: record.equity + 1n } })
    const foreign = encodeAttestation({ ...attestation, portfolioRoot: `0x${'77'.repeat(32)}` })
    const file = directory.file('changed.hex')
    await writeFile(file, changed)
    const [words, rooted, post] = await Promise.all([
      run('verify', file),
      runJson('verify', foreign),
      runJson('post', changed),
    ])
    expect(words.code).to.equal(3)
    expect(words.stdout)
      .to.match(/DIFFERS/)
      .and.match(/equity +\d+ +\d+/)
      .and.match(/signatures are not good/)
    expect(rooted).to.have.nested.property('differences[0].field', 'portfolioRoot')
    expect(post.error).to.deep.include({ name: 'PostRefusedError', retryable: false })
    expect(post.error.message).to.include('InvalidSignature(0)')
  })

  it('deploys a registry, dry by default, and looks it over', async () => {
    const role = (digit: string) => `0x${digit.repeat(40)}`
    const terms = {
      ...{ schema: 'plimsoll-registry/1', chainId: 31_337, variant: 'ethereum', signers: [role('3'), role('4')] },
      ...{ threshold: 1, governor: role('5'), governorDelay: 3600, guardians: [role('6')], admin: role('7') },
      models: [{ parameters: devnet.file }],
    }
    const file = directory.file('registry.json')
    await writeFile(file, JSON.stringify(terms))
    const deployer = { DEPLOYER: `0x${'33'.repeat(32)}` }
    const { address } = signerFromKey(deployer.DEPLOYER as Hex)
    await devnet.chain.client.setBalance({ address, value: 10n ** 20n })
    const node = ['--rpc', devnet.deployment.rpcUrl, '--payer-key-env', 'DEPLOYER', '--json']
    const dry = await runCommand(['deploy', file, ...node], deployer)
    expect({ code: dry.code, live: json(dry).live, steps: json(dry).steps.length }).to.deep.equal({
      ...{ code: 0, live: false, steps: 9 },
    })
    expect(await devnet.chain.client.getTransactionCount({ address })).to.equal(0)

    const out = directory.file('deployed.json')
    const journal = directory.file('journal')
    const live = [...node, '--live', '--confirmations', '1', '--out', out, '--journal', journal]
    const deployed = await runCommand(['deploy', file, ...live], deployer)
    expect(json(deployed)).to.deep.include({ live: true, registry: json(dry).registry, file: out })
    const [healthy, devnets, words] = await Promise.all([
      runCommand(['doctor', '--registry', '--deployment', out, '--json']),
      runJson('doctor'),
      runCommand(['doctor', '--deployment', out]),
    ])
    expect({ code: healthy.code, errors: json(healthy).errors, registry: json(healthy).registry }).to.deep.equal({
      ...{ code: 0, errors: 0, registry: json(dry).registry },
    })
    expect(words.stdout)
      .to.match(/signers +WARNING +set 1: 1 of 2: one key/)
      .and.match(/ 0 errors\n$/)
    // On a devnet one account holds everything.
    expect({ code: devnets.code, errors: devnets.errors }).to.deep.equal({ code: 1, errors: 3 })
  })

  it('signs with encrypted keystores, 2 of 3 after a rotation, and keeps the password to itself', async () => {
    const { chain, deployment } = devnet
    const passwordFile = directory.file('password')
    await writeFile(passwordFile, `${password}\n`)
    const wrongFile = directory.file('wrong')
    await writeFile(wrongFile, 'not the secret')
    const before = await runJson('attest', 'naked')
    const posted = await runJson('post', before.attestation)

    const keys: Hex[] = [devnetSignerKey, `0x${'11'.repeat(32)}`, `0x${'22'.repeat(32)}`]
    const stores = await Promise.all(keys.map((key, index) => keystore(`signer-${index}.json`, key)))
    const signers = keys.map((key) => signerFromKey(key).address).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
    const governor = sendAs(chain, '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')
    const registry = { name: 'MarginRegistry', address: deployment.registry, abi: marginRegistryAbi }
    await governor.send(registry, 'rotateSigners', [signers, 2])

    const by = (files: readonly string[], ...more: string[]) =>
      runJson('attest', 'naked', ...files.flatMap((file) => ['--keystore', file]), ...more)
    const [zero, one, two] = stores as [string, string, string]
    const [few, wrong, none, good, all] = await Promise.all([
      by([zero], '--password-file', passwordFile),
      by([zero, one], '--password-file', wrongFile),
      by([zero, one]),
      by([two, zero], '--password-file', passwordFile),
      runCommand(
        ['attest', 'naked', ...stores.flatMap((file) => ['--keystore', file]), '--json', '--deployment', devnet.file],
        { PLIMSOLL_PASSWORD: password },
      ),
    ])
    expect(few.error).to.deep.include({ name: 'QuorumError', retryable: true })
    expect(wrong.error.name).to.equal('SignerKeyError')
    expect(JSON.stringify(wrong)).not.to.include('not the secret')
    expect(none.error.message).to.include('--password-file').and.include('PLIMSOLL_PASSWORD')
    expect(json(all).digest).to.equal(good.digest)
    expect(decodeAttestation(good.attestation).signatures).to.have.lengthOf(2)
    expect(decodeAttestation(json(all).attestation).signerBitmap).to.equal(0b011)

    expect((await runJson('post', good.attestation)).code).to.equal(0)
    const [current, former, stale] = await Promise.all([
      runJson('verify', good.attestation),
      runJson('verify', posted.hash),
      runJson('verify', before.attestation),
    ])
    expect(current.verification).to.deep.equal({ valid: true, signers: signers.filter((_, i) => signerBit(good, i)) })
    // A post is judged by the signers of its own block; bytes alone by those of today.
    expect(former).to.deep.include({ code: 0, equal: true })
    expect(stale.code).to.equal(3)
  })

  it('refuses with exit code 1 and says why: on standard error, or as JSON on standard output', async () => {
    const dead = 'http://127.0.0.1:1/v2/f00dfacef00dface'
    const broken = directory.file('broken.json')
    await writeFile(broken, '{"schema":')
    const key = /f00dfacef00dface/
    const cases = [
      [['margin', '0x12'], 'InvalidInputError', /0x12.*\nAccounts: hedged, naked, levered, empty/],
      [['read', 'hedged', '--block', '999999'], 'RpcError', /no such block/],
      [['read', 'hedged', '--rpc', dead], 'RpcError', /Reading the chain id failed/],
      [['post', '0x1234'], 'UnknownDataError', /2 bytes/],
      [['verify', `0x${'12'.repeat(32)}`], 'RpcError', /0x1212/],
      [['margin', broken], 'InvalidInputError', /not JSON/],
      [['attest', 'hedged', '--validity', '16'], 'OutOfRangeError', /validityCode is 16/],
      [['read', 'hedged', '--out', `${broken}/below`], 'InvalidInputError', /Cannot write/],
    ] as const
    const machine = await Promise.all(cases.map(([args]) => run(...args, '--json')))
    cases.forEach(([args, name, message], index) => {
      const ran = machine[index] as Ran
      expect(ran.code, args.join(' ')).to.equal(1)
      expect(json(ran).error).to.have.all.keys('name', 'message', 'retryable').and.to.include({ name })
      expect(json(ran).error.message).to.match(message).and.not.match(key)
      expect(ran.stdout + ran.stderr).not.to.match(/\n\s+at /)
    })
    const usage = await run('read', 'hedged', '--block', 'x', '--json')
    expect(usage.code).to.equal(2)
    expect(json(usage).error.message).to.match(/--block must be a whole number, got x/)
    const words = await Promise.all([run('margin', 'nobody'), run('attest', 'hedged', '--rpc', dead)])
    for (const { code, stdout, stderr } of words) {
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr)
        .to.match(/(^|\n)Error: (nobody is neither|Reading the chain id failed)/)
        .and.not.match(key)
        .and.not.match(/\n\s+at /)
    }
  })

  it('refuses a deployment that is missing, broken or of another chain', async () => {
    const missing = await runCommand(['read', 'hedged', '--deployment', directory.file('none.json')])
    expect({ code: missing.code, stderr: missing.stderr }).to.deep.equal({
      code: 1,
      stderr: `Error: Cannot read ${directory.file('none.json')}: ENOENT.\nCheck the path.\n`,
    })
    const content = JSON.parse(await readFile(devnet.file, 'utf8'))
    const { parameters } = content
    for (const [change, name] of [
      [{ registry: '0x12', parameters: {} }, 'InvalidInputError'],
      [{ parameters: { ...parameters, chainId: 1 } }, 'ChainMismatchError'],
      [{ parameters: { ...parameters, paperHaircut: '0' } }, 'ParametersMismatchError'],
      [{ registry: '0x00000000000000000000000000000000000000aa' }, 'InvalidInputError'],
    ] as const) {
      const file = directory.file('other.json')
      await writeFile(file, JSON.stringify({ ...content, ...change }))
      const ran = await runCommand(['attest', 'empty', '--json', '--deployment', file])
      expect(ran.code, JSON.stringify(change).slice(0, 80)).to.equal(1)
      expect(json(ran).error.name).to.equal(name)
      expect(json(ran)).not.to.have.property('attestation')
    }
  })

  it('runs a devnet until Ctrl-C: prints what it wrote, refuses a port that is taken, stops with exit code 0', async () => {
    expect(devnet.printed).to.equal(await readFile(devnet.file, 'utf8'))
    const other = createServer()
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port))
    })
    const out = directory.file('never.json')
    const taken = await runCommand(['devnet', '--port', `${port}`, '--out', out])
    await new Promise((resolve) => other.close(resolve))
    expect(taken.code).to.equal(1)
    expect(taken.stderr).to.match(new RegExp(`Port ${port} on 127.0.0.1 is not available[\\s\\S]*name another port`))
    expect(json(await runCommand(['devnet', '--port', '70000', '--out', out, '--json'])).error.message).to.match(
      /65535/,
    )
    expect(await access(out).catch(() => 'absent')).to.equal('absent')

    const { code, stderr } = await devnet.stop()
    expect(code).to.equal(0)
    expect(stderr).to.match(/Stopped\.\n$/)
    expect(await access(devnet.file).catch(() => 'absent')).to.equal('absent')
    const gone = await fetch(devnet.deployment.rpcUrl, { method: 'POST', body: '{}' }).catch((error: unknown) => error)
    expect(gone).to.be.instanceOf(TypeError)
  })

  it('calculates from files alone when no node runs and no deployment is there', async () => {
    const file = directory.file('hedged.json')
    const parameters = directory.file('parameters.json')
    await writeFile(parameters, JSON.stringify(toJson(devnet.deployment.parameters)))
    const [ran, lost] = await Promise.all([
      runCommand(['margin', file, '--parameters', parameters, '--json', '--deployment', devnet.file]),
      runCommand(['margin', file, '--json', '--deployment', devnet.file]),
    ])
    const { portfolio, market } = parseSnapshot(await readFile(file, 'utf8'))
    const result = explainMargin({ portfolio, market, parameters: devnet.deployment.parameters })
    expect({ code: ran.code, stderr: ran.stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(json(ran)).to.deep.equal(toJson(result))
    expect({ code: lost.code, name: json(lost).error.name }).to.deep.equal({ code: 1, name: 'InvalidInputError' })
  })
})

function signerBit({ attestation }: { readonly attestation: Hex }, index: number): boolean {
  return ((decodeAttestation(attestation).signerBitmap >> index) & 1) === 1
}
