import { expect } from 'chai'
import { pino } from 'pino'
import { redactValue } from '../../src/chain/redactValue.ts'
import { secretsOfUrls } from '../../src/chain/secrets.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { classes, expectNone, instancesOf, key, secrets, url } from '../support/tellingErrors.ts'

const unnamed = [key, 'f00dcafe', 'qwerty7', 'hunter2@']

describe('redactValue', () => {
  it('shows neither URL nor key of any error of viem, however deep it lies', () => {
    const shown = classes
      .flatMap(([, type]) => instancesOf(type))
      .flatMap((error) => [error, { error }, [[{ inside: new Map([[url, error]]) }]], { ...error }])
    expect(shown.length).to.be.greaterThan(500)
    expectNone(JSON.stringify(shown.map((value) => redactValue(value, secrets))))
    expectNone(JSON.stringify(shown.map((value) => redactValue(value))), unnamed)
  })

  it("shows neither of what pino's own serializers make of them", () => {
    const { err, errWithCause } = pino.stdSerializers
    const made = classes.flatMap(([, type]) => instancesOf(type).flatMap((error) => [err(error), errWithCause(error)]))
    // The test would prove nothing if pino hid them by itself.
    expect(JSON.stringify(made.map(({ message, stack }) => ({ message, stack })))).to.contain(key)
    const known = made.map((value) => JSON.stringify(redactValue({ err: value }, secrets)))
    expectNone(known.join('\n'))
    expectNone(made.map((value) => JSON.stringify(redactValue({ err: value }))).join('\n'), unnamed)
  })

  it('hides what fields of secrets hold, and names of fields that are one', () => {
    const shown = JSON.stringify(
      redactValue({
        ...{ password: 'short', apiKey: 'short', headers: { Authorization: 'short', 'x-api-key': 'short' } },
        ...{ privateKey: new Uint8Array(32), mnemonic: ['short'], [url]: 1 },
      }),
    )
    expectNone(shown, ['short', ...unnamed])
  })

  it('keeps what is ours: messages, addresses, hashes, numbers, bigints as text', () => {
    const address = `0x${'ab'.repeat(20)}`
    const error = new InvalidInputError(`${address} is no account.`, { metaMessages: ['Name another.'] })
    expect(
      redactValue({ error, address, hash: `0x${'cd'.repeat(32)}`, n: 10n ** 30n, x: 1.5, none: null }),
    ).to.deep.equal({
      error: { name: 'InvalidInputError', message: `${address} is no account.\nName another.` },
      ...{ address, hash: `0x${'cd'.repeat(32)}`, n: `${10n ** 30n}`, x: 1.5, none: null },
    })
    expect(redactValue('UncertainMarketDataError')).to.equal('UncertainMarketDataError')
  })

  it('keeps names and codes that a URL holds by chance, and no URL or key in their place', () => {
    const chance = secretsOfUrls(['https://keeper-b.example.com/cosign/round'])
    const event = { event: 'cosign', peer: 'keeper-b', code: 'signed', round: 1 }
    expect(redactValue(event, chance)).to.deep.equal(event)
    expect(redactValue({ reason: 'keeper-b' }, chance)).to.deep.equal({ reason: '<redacted>' })
    expectNone(JSON.stringify(redactValue({ peer: url, code: key, status: `at ${url}`, [key]: 1, [url]: 1 }, secrets)))
  })

  it('ends: cycles, depth, long lists, long texts, getters that throw, bytes', () => {
    const cycle: Record<string, unknown> = { name: 'a' }
    cycle.self = cycle
    let deep: unknown = 'bottom'
    for (let level = 0; level < 50; level += 1) deep = { deep }
    const trap = Object.defineProperty({}, 'boom', {
      enumerable: true,
      get: () => {
        throw new Error(url)
      },
    })
    expect(redactValue(cycle)).to.deep.equal({ name: 'a', self: '<cycle>' })
    expect(JSON.stringify(redactValue(deep))).to.contain('<deep>')
    expect(redactValue(Array.from({ length: 250 }, () => 1))).to.have.length(101)
    expect((redactValue('x '.repeat(1_000_000)) as string).length).to.be.at.most(4_001)
    expect(redactValue({ trap, bytes: new Uint8Array(32), nan: Number.NaN, fn: () => url })).to.deep.equal({
      ...{ trap: '<unreadable>', bytes: '<32 bytes>', nan: 'NaN', fn: undefined },
    })
    const same = { a: 1 }
    expect(redactValue([same, same])).to.deep.equal([same, same])
  })
})
