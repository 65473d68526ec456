import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { parseKeeperConfig } from '../../../src/keeper/config/file.ts'
import { ConfigError } from '../../../src/keeper/config/issue.ts'
import { maskConfig } from '../../../src/keeper/config/mask.ts'
import { defaultPostPolicy } from '../../../src/keeper/policy.ts'

const registry = `0x${'22'.repeat(20)}`
const alice = `0x${'11'.repeat(20)}`
const bob = `0x${'33'.repeat(20)}`
const least = `
chainId: 31337
registry: ${registry}
parameters: parameters.json
rpc:
  read:
    - \${RPC}
signers:
  - env: ATTESTOR_KEY
payer:
  env: PAYER_KEY
accounts:
  - address: ${alice}
`
const env = { RPC: 'https://late-frosty.provider.example/v2/f00dfacef00dface' }
const wad = 10n ** 18n

describe('keeper.yaml', () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'plimsoll-config-'))
  })
  after(() => rm(directory, { recursive: true }))

  const parse = (text: string, variables: Readonly<Record<string, string>> = env) =>
    parseKeeperConfig(text, { file: join(directory, 'keeper.yaml'), env: variables })
  const refusalOf = async (text: string, variables?: Readonly<Record<string, string>>) => {
    try {
      await parse(text, variables)
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError)
      return (error as ConfigError).metaMessages
    }
    throw new Error('the configuration was taken')
  }
  /** Line of the only place where a text stands. */
  const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length

  it('fills in what was not said, in the units of the engine, and makes paths absolute', async () => {
    expect(await parse(least)).to.deep.equal({
      chainId: 31337,
      registry,
      parameters: join(directory, 'parameters.json'),
      rpc: { read: [env.RPC] },
      signers: [{ env: 'ATTESTOR_KEY' }],
      payer: { env: 'PAYER_KEY' },
      journal: join(directory, 'keeper.db'),
      journalKeep: 90 * 86_400,
      sending: {
        feeFloor: 50_000_000n,
        feeCap: 100_000_000_000n,
        dailyCap: wad / 20n,
        bumpAfterBlocks: 3,
        privateBlocks: 6,
        confirmations: 12,
      },
      validityCode: 6,
      recheck: 48,
      posting: { form: 'auto', batchFrom: 2, maxBatch: 1024, proofs: join(directory, 'proofs'), turn: 24 },
      accounts: [{ address: alice, policy: defaultPostPolicy, ids: {} }],
      cosigners: { peers: [], timeout: 5, proposers: [], maximumAge: 120, signed: join(directory, 'signed.db') },
      observability: { name: 'keeper', logLevel: 'info', alerts: {} },
    })
  })

  it('lets an account say otherwise, field by field', async () => {
    const { accounts, validityCode } = await parse(`${least}
    name: alice
    heartbeat: 90
    deviation: { worse: 0.25% }
    ids: { uniswap-v3: [1, 2] }
  - address: ${bob}
policy:
  heartbeat: 15m
  validity: 32m
  deviation: { worse: 0.5%, better: 3 % }
  boundary: { ratio: 1.25, deviation: 0.1% }
`)
    const all = {
      heartbeat: 900,
      worseDeviation: wad / 200n,
      betterDeviation: (3n * wad) / 100n,
      boundary: { ratio: (5n * wad) / 4n, deviation: wad / 1000n },
    }
    expect(accounts).to.deep.equal([
      {
        address: alice,
        name: 'alice',
        policy: { ...all, heartbeat: 90, worseDeviation: wad / 400n },
        ids: { 'uniswap-v3': ['1', '2'] },
      },
      { address: bob, policy: all, ids: {} },
    ])
    expect(validityCode).to.equal(7)
  })

  it('names line and path of a field that it does not know, at every depth', async () => {
    for (const [part, path] of [
      ['colour: red', 'colour'],
      ['observability:\n  colour: red', 'observability.colour'],
      ['cosigners: { peers: [{ colour: red }] }', 'cosigners.peers.0.colour'],
      ['sending: { colour: 1 }', 'sending.colour'],
    ] as const) {
      const text = `${least}${part}\n`
      expect(await refusalOf(text)).to.include(
        `line ${lineOf(text, 'colour')}: ${path}: is no field; check the spelling`,
      )
    }
  })

  it('refuses a key that is there twice', async () => {
    expect(await refusalOf(`${least}chainId: 1\n`)).to.deep.equal(['line 14: the same key twice; leave one out'])
  })

  it('takes variables in values only, names what is missing, and spells a dollar sign with two', async () => {
    expect(await refusalOf(least, {})).to.deep.equal([
      'line 7: rpc.read.0: the environment has no RPC; set it, or write $$ for a dollar sign',
    ])
    const { market } = await parse(`${least}market: /a/$\${RPC}$$/\${RPC}/$RPC\n`, { RPC: 'http://x' })
    expect(market).to.equal(`/a/\${RPC}$/http:/x/$RPC`)
    expect(await refusalOf(`${least}market: \${a b}\n`)).to.deep.equal([
      'line 14: market: between the braces is no name of a variable, or write $$ for a dollar sign',
    ])
    expect(await refusalOf(`${least}\${RPC}: 1\n`)).to.deep.equal([`line 14: \${RPC}: is no field; check the spelling`])
    // A value cannot bring fields of its own.
    expect(await refusalOf(least, { RPC: 'http://x\npayer: { env: EVIL }' })).to.deep.equal([
      'line 7: rpc.read.0: expected a URL of http, https, ws or wss',
    ])
    const [flow] = await refusalOf(least.replace(`read:\n    - \${RPC}`, `read: [\${RPC}]`))
    expect(flow).to.match(/^line 6: not YAML .*put quotes around a variable/)
  })

  it('never repeats a value, which may be a secret', async () => {
    const secret = 'f00dfacef00dfacef00dfacef00dface'
    const texts = [
      `${least}market: [${secret}]\n`,
      `${least}observability: { alerts: { slack: { url: ${secret} }, telegram: { token: ${secret}, chatId: ${secret} } } }\n`,
      `${least}cosigners: { peers: [{ name: a, url: ${secret}, signer: ${secret} }] }\n`,
      `${least}sending: { feeCapGwei: ${secret}, bumpAfterBlocks: ${secret} }\npolicy: { heartbeat: ${secret} }\n`,
      least.replace('env: ATTESTOR_KEY', `env: 0x${secret}`),
      least.replace('env: ATTESTOR_KEY', `${secret}`),
      `${least}posting: { form: ${secret} }\nchainId: "${secret}\n`,
    ]
    for (const text of texts) {
      const issues = (await refusalOf(text)).join('\n')
      expect(issues).not.to.equal('')
      expect(issues).not.to.contain(secret.slice(1))
    }
    expect(await refusalOf(least, { RPC: secret })).to.deep.equal([
      'line 7: rpc.read.0: expected a URL of http, https, ws or wss',
    ])
  })

  it('says which forms a key or an alert may have', async () => {
    const issue = async (text: string) => (await refusalOf(text))[0]
    expect(await issue(least.replace('env: ATTESTOR_KEY', 'privateKey: 1'))).to.equal(
      'line 9: signers.0: expected one of keystore with passwordFile, keyFile, env, awsKms, gcpKms',
    )
    expect(await issue(least.replace('env: ATTESTOR_KEY', 'keystore: a.json'))).to.equal(
      'line 9: signers.0.passwordFile: is missing',
    )
    expect(await issue(least.replace('env: PAYER_KEY', 'awsKms: { keyId: a }'))).to.equal(
      'line 11: payer.awsKms.expect: is missing',
    )
    expect(await issue(`${least}observability: { alerts: { pager: {} } }\n`)).to.equal(
      'line 14: observability.alerts.pager: is no field; check the spelling',
    )
  })

  it('reads secrets from files', async () => {
    const write = (name: string, text: string) => writeFile(join(directory, name), text)
    await write('node', 'https://node.example/key\n')
    const token = `123:${'abc'.repeat(12)}`
    await write('token', ` ${token}\n`)
    await write('secret', `${'s'.repeat(32)}\n`)
    await write('empty', '\n')
    const text = `${least.replace(`- \${RPC}`, '- { urlFile: node }')}
cosigners:
  listen: "[::1]:0"
  peers: [{ name: bob, url: "https://bob.example", signer: "${bob}" }]
  proposers: [{ name: bob, signer: "${bob}" }]
observability:
  listen: 127.0.0.1:9464
  alerts:
    telegram: { tokenFile: token, chatId: "-100" }
    webhook: { urlFile: node, secretFile: secret }
`
    const { rpc, cosigners, observability } = await parse(text)
    expect(rpc.read).to.deep.equal(['https://node.example/key'])
    expect(cosigners).to.deep.include({
      listen: { host: '::1', port: 0 },
      peers: [{ name: 'bob', url: 'https://bob.example', signer: bob }],
      proposers: [{ name: 'bob', signer: bob }],
    })
    expect(observability.listen).to.deep.equal({ host: '127.0.0.1', port: 9464 })
    expect(observability.alerts).to.deep.equal({
      webhook: { url: 'https://node.example/key', secret: 's'.repeat(32) },
      telegram: { token, chatId: '-100' },
    })
    const at = (part: string) => `line ${lineOf(text, part)}: `
    expect(await refusalOf(text.replace('tokenFile: token', 'tokenFile: nowhere'))).to.deep.equal([
      `${at('tokenFile')}observability.alerts.telegram.tokenFile: the file cannot be read (ENOENT)`,
    ])
    expect(await refusalOf(text.replace('secretFile: secret', 'secretFile: empty'))).to.deep.equal([
      `${at('secretFile')}observability.alerts.webhook.secretFile: the file holds no secret`,
    ])
    expect(await refusalOf(text.replace('tokenFile: token, ', ''))).to.deep.equal([
      `${at('telegram:')}observability.alerts.telegram: give either token or tokenFile`,
    ])
    expect(await refusalOf(text.replace('{ urlFile: node }', '{ urlFile: token }'))).to.deep.equal([
      `${at('urlFile')}rpc.read.0.urlFile: the file holds no url`,
    ])
    expect(await refusalOf(text.replace(/ {2}proposers.*\n/, ''))).to.deep.equal([
      `${at('cosigners:')}cosigners.proposers: is empty, so that nobody may ask; name the keepers that may`,
    ])
  })

  it('checks fields against one another', async () => {
    const issues = async (text: string) => (await refusalOf(text)).map((line) => line.replace(/^line \d+: /, ''))
    expect(await issues(least.replace('read:', 'quorum: 2\n  verifyReads: 2\n  read:'))).to.deep.equal([
      'rpc.quorum: is more than the nodes under rpc.read, of which there are 1',
      'rpc.verifyReads: is more than the nodes under rpc.read, of which there are 1',
    ])
    expect(await issues(least.replace('PAYER_KEY', 'ATTESTOR_KEY'))).to.deep.equal([
      'payer: is the key of a signer; pay with a key of its own',
    ])
    const kms = (id: string) => `awsKms: { keyId: ${id}, expect: "${bob}" }`
    expect(
      await issues(least.replace('env: ATTESTOR_KEY', kms('a')).replace('env: PAYER_KEY', kms('b'))),
    ).to.deep.equal(['payer: is the key of a signer; pay with a key of its own'])
    expect(await issues(`${least}sending: { feeFloorGwei: 2, feeCapGwei: 1.5, dailyCapEth: 0 }\n`)).to.deep.equal([
      'sending.feeCapGwei: is below feeFloorGwei; raise it',
      'sending.dailyCapEth: is nothing; a keeper could not post',
    ])
    expect(await issues(`${least}policy: { heartbeat: 9m }\n`)).to.deep.equal([
      'accounts.0.heartbeat: is 540 s; it must be from 1 s to 480 s, half of the validity of 960 s',
    ])
    expect(await issues(`${least}policy: { validity: 20m }\n`)).to.deep.equal([
      'policy.validity: a validity is 15 s times a power of two: 960s or 1920s',
    ])
    expect(await issues(`${least}policy: { boundary: { ratio: 0.99 } }\n`)).to.deep.equal([
      'policy.boundary.ratio: expected a ratio of at least 1',
    ])
    expect(await issues(`${least}policy: { boundary: { deviation: 2% } }\n`)).to.deep.equal([
      'accounts.0.boundary.deviation: is wider than deviation.worse or deviation.better, so that it would do nothing; make it smaller',
    ])
    expect(await issues(`${least}  - address: ${alice}\n`)).to.deep.equal([
      'accounts.1.address: is listed twice; leave one out',
    ])
    const peer = (name: string) => `{ name: ${name}, url: "https://a:b@${name}.example", signer: "${bob}" }`
    expect(await issues(`${least}cosigners: { peers: [${peer('a')}, ${peer('b')}] }\n`)).to.deep.equal([
      'cosigners.peers.0.url: holds a user or password, which no client sends',
      'cosigners.peers.1.url: holds a user or password, which no client sends',
      'cosigners.peers.1.signer: is the signer of another peer; each signs once',
    ])
  })

  it('keeps the journal long enough for all that a keeper asks of it', async () => {
    expect(await refusalOf(`${least}journalKeep: 6d\n`)).to.deep.equal([
      'line 14: journalKeep: must be 7 days at least',
    ])
    const config = await parse(`${least}journalKeep: 7d\n`)
    expect(config.journalKeep).to.equal(7 * 86_400)
    expect(maskConfig(config)).to.include({ journalKeep: '7d' })
  })

  it('checks what several keepers rest on', async () => {
    const issues = async (text: string) => (await refusalOf(text)).map((line) => line.replace(/^line \d+: /, ''))
    expect(await issues(`${least}cosigners: { maximumAge: 30d, signed: keeper.db }\n`)).to.deep.equal([
      'cosigners.maximumAge: must be from 1 s to 1 day',
      'cosigners.signed: is the file of the journal; name another',
    ])
    expect(await issues(`${least}cosigners: { maximumAge: 0 }\n`)).to.have.length(1)
    const bob1 = `{ name: bob, signer: "${bob}" }`
    const proposers = `proposers: [${bob1}, { name: again, signer: "${bob}" }, { name: bob, signer: "${alice}" }]`
    expect(await issues(`${least}cosigners: { ${proposers} }\n`)).to.deep.equal([
      'cosigners.proposers.1: has the name or the signer of another one',
      'cosigners.proposers.2: has the name or the signer of another one',
    ])
    expect(await issues(`${least}posting: { rank: 1, turn: 0 }\n`)).to.deep.equal([
      'posting.turn: is nothing, so that several keepers would pay for each post',
    ])
    expect((await parse(`${least}posting: { turn: 0 }\n`)).posting.turn).to.equal(0)
    expect((await parse(`${least}posting: { rank: 2 }\n`)).posting.rank).to.equal(2)
    expect(await issues(`${least}posting: { rank: 16 }\n`)).to.deep.equal([
      'posting.rank: expected a whole number below 16',
    ])
  })

  it('prints itself without secrets, and what it prints means the same', async () => {
    const token = `1:${'hush'.repeat(9)}`
    const text = `${least}
    name: alice
cosigners:
  peers: [{ name: bob, url: "https://bob.example/path?key=hush", signer: "${bob}" }]
observability:
  alerts:
    telegram: { token: "${token}", chatId: "1" }
    slack: { url: "https://user:hush@hooks.slack.com/services/hush" }
    webhook: { url: "https://hush.example.org", secret: ${'hush'.repeat(5)} }
`
    const config = await parse(text)
    const printed = stringify(maskConfig(config))
    expect(printed).not.to.match(/hush|f00d|late-frosty/)
    expect(printed).to.contain('https://***.provider.example/***')
    expect(printed).to.contain('https://***@***.slack.com/***')
    // With secrets of the right form in their places it is a configuration again.
    const again = await parse(
      printed.replace('secret: "***"', `secret: ${'x'.repeat(32)}`).replace('token: "***"', `token: "${token}"`),
    )
    const { rpc, cosigners, observability, ...others } = config
    expect(again).to.deep.include(others)
    expect(again.cosigners.peers[0]?.signer).to.equal(cosigners.peers[0]?.signer)
    expect(again.rpc.read).to.have.length(rpc.read.length)
    expect(again.observability.alerts.telegram).to.deep.equal(observability.alerts.telegram)
  })
})
