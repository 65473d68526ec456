import { inspect } from 'node:util'
import { expect } from 'chai'
import * as viem from 'viem'
import { describeError, printError } from '../../scripts/cli/output.ts'
import { describeRpcFailure } from '../../src/chain/describeRpcFailure.ts'
import { redact, redactUrls, redactWhole } from '../../src/chain/redact.ts'
import { type Secrets, secretsOfTransport, secretsOfUrls } from '../../src/chain/secrets.ts'
import { toRpcError } from '../../src/chain/toRpcError.ts'
import { classes, expectNone, instancesOf, key, secrets, url } from '../support/tellingErrors.ts'

const address = `0x${'ab'.repeat(20)}`
const hash = `0x${'cd'.repeat(32)}`

describe('redaction of every error class of viem', () => {
  it('finds the classes', () => {
    const names = classes.map(([name]) => name)
    expect(names.length).to.be.greaterThan(100)
    expect(names).to.include.members(['HttpRequestError', 'TimeoutError', 'RpcRequestError', 'UnknownRpcError'])
  })

  it('shows neither URL nor key: as the reason of a failure, as an error of ours, and as the command line prints it', () => {
    const printed: string[] = []
    const { error: original } = console
    const { PLIMSOLL_DEBUG: debug } = process.env
    process.env.PLIMSOLL_DEBUG = '1'
    console.error = (...args: unknown[]) =>
      printed.push(args.map((part) => (typeof part === 'string' ? part : inspect(part))).join(' '))
    try {
      let instances = 0
      for (const [, type] of classes) {
        for (const error of instancesOf(type)) {
          instances += 1
          const client = viem.createClient({ transport: viem.http(url) })
          const thrown = toRpcError(client, 'eth_call', error)
          printed.push(describeRpcFailure(error, secrets), inspect(thrown), JSON.stringify(thrown))
          printed.push(JSON.stringify(describeError(error, secrets)), JSON.stringify(describeError(thrown, secrets)))
          printError(false, error, secrets)
          printError(false, thrown, secrets)
        }
      }
      expect(instances).to.be.greaterThan(2 * classes.length)
      expect(printed.length).to.be.greaterThan(5 * instances)
    } finally {
      console.error = original
      if (debug === undefined) delete process.env.PLIMSOLL_DEBUG
      else process.env.PLIMSOLL_DEBUG = debug
    }
    expectNone(printed.join('\n'))
  })

  it('knows a URL by its looks where nobody named it', () => {
    const shown = classes.flatMap(([, type]) => instancesOf(type)).map((error) => describeRpcFailure(error))
    expectNone(shown.join('\n'), [key, 'f00dcafe', 'qwerty7', 'hunter2@'])
  })
})

describe('redact', () => {
  const cases: Record<string, [configured: string, text: string, hidden: readonly string[]]> = {
    'a short key in the text of a node': ['https://rpc.example.io/k3y5', 'quota of K3Y5 used', ['k3y5']],
    'a key in a subdomain': ['https://f00d77.rpc.example.io', 'no route to f00d77', ['f00d77']],
    'a host without a scheme': ['https://node7.example.io/x', 'getaddrinfo ENOTFOUND node7.example.io', ['node7']],
    'user and password': ['https://bob:pa55@example.io', 'user bob, pa55, refused', ['bob', 'pa55']],
    'the header made of them': ['https://bob:pa55@example.io', `got ${btoa('bob:pa55')}`, [btoa('bob:pa55')]],
    'a query value': ['https://example.io/?token=z9y8', 'token z9y8 expired', ['z9y8']],
    'a websocket': ['wss://example.io/ws/s3cr3t', 'closed: s3cr3t', ['s3cr3t']],
    'an IPv6 host': ['http://[2001:db8::7]:8545/k3y5', 'connect ECONNREFUSED 2001:db8::7:8545', ['2001:db8::7']],
    'what is percent-encoded in the URL': ['https://example.io/p%40ss%2Fword', 'bad key p@ss/word', ['p@ss/word']],
    'what is percent-encoded in the text': ['https://example.io/?k=p@s/w', 'see k%3Dp%40s%2Fw', ['p%40s%2Fw']],
    'a word with characters of a pattern': ['https://example.io/a.(b)*', 'key a.(b)* refused', ['a.(b)*']],
  }
  for (const [name, [configured, text, hidden]] of Object.entries(cases)) {
    it(`hides ${name} when the URL is known`, () => {
      const known = secretsOfUrls([configured])
      for (const shown of [redact(text, known), redactUrls(text, known)]) expectNone(shown, hidden)
    })
  }

  it('hides by their looks: URLs of any scheme, hosts with ports or paths, queries, credentials, long words', () => {
    for (const secret of [
      ...[
        `127.0.0.1:8545/${key}`,
        'node.example.io/short',
        'path?apikey=short',
        key,
        'wss://user:short@node.example.io/short',
      ],
      ...[
        'user:short@node.example.io',
        'https%3A%2F%2Fnode.example.io%2Fshort',
        '[2001:db8::7]:8545/short',
        'short.node.example.io',
      ],
      ...[
        'Authorization: Bearer short',
        'authorization: Basic short',
        '"x-api-key":"short"',
        'apiKey=short',
        'Bearer short',
      ],
    ]) {
      expectNone(redact(`failed at ${secret} today`), [key, 'short'])
    }
  })

  it('keeps addresses, hashes and methods, and cuts what is long', () => {
    const text = `eth_getBlockByNumber and eth_call to ${address} at ${hash}: execution reverted, v2 and rpc`
    expect(redact(text, secrets)).to.equal(text)
    expect(redact('x '.repeat(500))).to.have.length(200)
  })

  it('takes no longer for what a hostile node makes up to slow it down', function () {
    this.timeout(5_000)
    for (const part of [
      ':',
      'a',
      'a:',
      'a.',
      '?',
      '[',
      '[:',
      'a-',
      '?=',
      'bearer ',
      'token ',
      'a+',
      'a%3a',
      '@:',
      'a:@',
    ]) {
      const started = performance.now()
      for (const length of [3_999, 1_000_000]) redact(part.repeat(length / part.length), secrets)
      expect(performance.now() - started, part).to.be.lessThan(1_000)
    }
  })

  it('hides a URL behind a scheme of any length, and what a cut would make unknown', () => {
    expectNone(redact(`${'x'.repeat(100)}${url}`, secrets))
    for (let before = 3_900; before < 4_001; before += 1)
      expectNone(redactWhole(`${'x '.repeat(before / 2)}${url} end`))
  })

  it('leaves words alone that merely contain a short secret, or that any URL may hold', () => {
    const known = secretsOfUrls(['https://eth.example.io/v3/rpc/abc'])
    expect(redact('the rpc says abcdef about eth, v3 and abc', known)).to.equal(
      'the rpc says abcdef about eth, v3 and <redacted>',
    )
  })
})

describe('secrets of a transport', () => {
  const holds = (known: Secrets, ...words: string[]) => expect(known).to.include.members(words)

  it('are the URLs and headers of all nodes behind it', () => {
    const headers = { Authorization: 'Bearer t0ken-1' }
    const first = viem.http('https://one.example.io/key-1', { fetchOptions: { headers } })
    const second = viem.http('https://two.example.io/key-2', {
      fetchOptions: { headers: new Headers({ 'x-key': 'h3ader' }) },
    })
    const single = viem.createClient({ transport: first })
    holds(secretsOfTransport(single.transport), 'key-1', 'one.example.io', 't0ken-1')
    const both = viem.createClient({ transport: viem.fallback([first, second]) })
    holds(secretsOfTransport(both.transport), 'key-1', 't0ken-1', 'key-2', 'two.example.io', 'h3ader')
    expect(
      secretsOfTransport(viem.createClient({ transport: viem.custom({ request: async () => {} }) }).transport),
    ).to.deep.equal([])
  })
})
