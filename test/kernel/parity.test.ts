import { expect } from 'chai'
import { network } from 'hardhat'
import {
  black76,
  black76Delta,
  maxPrice,
  maxSeconds,
  maxVolatility,
  totalVolatility,
} from '../../src/kernel/black76.ts'
import { expWad, lnWad, powWad } from '../../src/kernel/exponential.ts'
import { normalCdf, upperTail } from '../../src/kernel/normal.ts'
import { isqrt } from '../../src/kernel/squareRoot.ts'
import { Random } from './support/random.ts'

const wad = 10n ** 18n
const maxInt256 = (1n << 255n) - 1n
const maxUint256 = (1n << 256n) - 1n
const count = 10_000

type Option = { forward: bigint; strike: bigint; volatility: bigint }

/** Realistic books, every magnitude of the domain, and strikes at which the price is neither zero nor the forward. */
function randomOptions(random: Random): Option[] {
  const ordinary = random.many(count / 2, () => {
    const forward = random.between(wad / 100n, 100_000n * wad)
    const strike = (forward * random.between(wad / 5n, 5n * wad)) / wad
    return { forward, strike, volatility: random.between(0n, 3n * wad) }
  })
  const anywhere = random.many(count / 4, () => ({
    forward: random.magnitude(120n),
    strike: random.magnitude(120n),
    volatility: random.magnitude(65n),
  }))
  const nearTheForward = random.many(count / 4, () => {
    const volatility = random.between(1n, 24n * wad)
    const deviations = random.between(-6n * wad, 6n * wad)
    const forward = random.between(wad, 1_000_000n * wad)
    const ratio = expWad(
      (volatility * deviations) / wad / 3n > 40n * wad ? 40n * wad : (volatility * deviations) / wad / 3n,
    )
    const strike = (forward * ratio) / wad
    return { forward, strike: strike < 1n ? 1n : strike > maxPrice ? maxPrice : strike, volatility }
  })
  return [...ordinary, ...anywhere, ...nearTheForward]
}

/** All combinations of corners: ends of the domain, the money, one second, the floor and the switch at 24. */
function edgeOptions(): Option[] {
  const prices = [1n, 2n, 10n ** 12n, wad - 1n, wad, wad + 1n, 3_000n * wad, maxPrice - 1n, maxPrice]
  const volatilities = [0n, 1n, 2n, totalVolatility(wad / 100n, 1n), 10n ** 9n, wad / 10n, wad, 12n * wad]
  volatilities.push(24n * wad - 1n, 24n * wad, 24n * wad + 1n, maxUint256)
  // Around |d| where the tail changes its form, with so little volatility that intrinsic value is all there is.
  const forward = 1n << 119n
  const seams = [662912607362388304n, 5656854249492380195n].flatMap((seam) =>
    [-2n, -1n, 0n, 1n, 2n].flatMap((offset) =>
      [1_000n, 10n ** 6n, 10n ** 12n].flatMap((volatility) => {
        const gap = (((seam * volatility) / wad + offset) * forward) / wad
        return [forward - gap, forward + gap].map((strike) => ({ forward, strike, volatility }))
      }),
    ),
  )
  const corners = prices.flatMap((forward) =>
    prices.flatMap((strike) => volatilities.map((volatility) => ({ forward, strike, volatility }))),
  )
  return [...corners, ...seams]
}

/** Where the normal tail changes its form, and where the exponential vanishes. */
const tailEdges = [0n, 1n, 662912607362388303n, 662912607362388304n, 5656854249492380194n, 5656854249492380195n]
tailEdges.push(9104563325n * 10n ** 9n, 9104564000n * 10n ** 9n, 10n * wad - 1n, 10n * wad, 33n * wad)

describe('kernel parity with the EVM', () => {
  async function deploy() {
    const { viem } = await network.create()
    return viem.deployContract('KernelHarness')
  }
  let harness: Awaited<ReturnType<typeof deploy>>

  before(async () => {
    harness = await deploy()
  })

  /** Asks the harness in chunks that stay below the gas cap of a call. */
  async function inChunks<Input, Output>(
    inputs: readonly Input[],
    call: (chunk: Input[]) => Promise<readonly Output[]>,
    size = 1_000,
  ): Promise<Output[]> {
    const outputs: Output[] = []
    for (let start = 0; start < inputs.length; start += size) {
      outputs.push(...(await call(inputs.slice(start, start + size))))
    }
    return outputs
  }

  /** Names the first inputs whose results differ, instead of printing thousands of integers. */
  function expectSame<Input>(inputs: readonly Input[], ours: readonly bigint[], theirs: readonly bigint[]) {
    expect(theirs.length).to.equal(inputs.length)
    const different = inputs.flatMap((input, index) =>
      ours[index] === theirs[index] ? [] : [{ input, ours: ours[index], theirs: theirs[index] }],
    )
    expect(different.slice(0, 3), `${different.length} of ${inputs.length} differ`).to.deep.equal([])
  }

  it('exp', async () => {
    const random = new Random(1n)
    const inputs = random.many(count, () => random.between(-43n * wad, 135305999368893231588n))
    inputs.push(0n, 1n, -1n, 135305999368893231588n, -41446531673892822312n, -41446531673892822313n, -(1n << 255n))
    expectSame(inputs, inputs.map(expWad), await inChunks(inputs, (x) => harness.read.exponentials([x])))
  })

  it('ln', async () => {
    const random = new Random(2n)
    const inputs = random.many(count, () => random.magnitude(255n))
    inputs.push(1n, 2n, wad - 1n, wad, wad + 1n, maxInt256)
    for (let bit = 0n; bit < 255n; bit++) inputs.push(1n << bit)
    expectSame(inputs, inputs.map(lnWad), await inChunks(inputs, (x) => harness.read.logarithms([x])))
  })

  it('power', async () => {
    const random = new Random(3n)
    const inputs = random.many(count, () => [random.magnitude(90n), random.between(-3n * wad, 3n * wad)] as const)
    inputs.push([wad, wad], [1n, wad], [30n * wad, (3n * wad) / 10n], [4n * wad, 666666666666666667n])
    expectSame(
      inputs,
      inputs.map(([x, p]) => powWad(x, p)),
      await inChunks(inputs, (chunk) => harness.read.powers([chunk.map(([x]) => x), chunk.map(([, p]) => p)])),
    )
  })

  it('square root', async () => {
    const random = new Random(4n)
    const inputs = random.many(count, () => random.magnitude(256n))
    for (let x = 0n; x < 300n; x++) inputs.push(x)
    for (let bit = 1n; bit < 128n; bit++) inputs.push((1n << bit) ** 2n - 1n, (1n << bit) ** 2n, (1n << bit) ** 2n + 1n)
    inputs.push(maxUint256, ((1n << 128n) - 1n) ** 2n, ((1n << 128n) - 1n) ** 2n - 1n)
    expectSame(inputs, inputs.map(isqrt), await inChunks(inputs, (x) => harness.read.squareRoots([x])))
  })

  it('normal tail', async () => {
    const random = new Random(5n)
    const inputs = random.many(count, () => [random.between(0n, 34n * wad), random.between(0n, wad)] as const)
    inputs.push(...random.many(count, () => [random.magnitude(127n), random.between(0n, wad)] as const))
    inputs.push(...[...tailEdges, (1n << 127n) - 1n].map((x) => [x, wad] as const))
    expectSame(
      inputs,
      inputs.map(([x, factor]) => upperTail(x, factor)),
      await inChunks(inputs, (chunk) => harness.read.tails([chunk.map(([x]) => x), chunk.map(([, e]) => e)])),
    )
  })

  it('normal cdf', async () => {
    const random = new Random(6n)
    const inputs = random.many(count, () => random.between(-11n * wad, 11n * wad))
    inputs.push(...tailEdges, ...tailEdges.map((x) => -x), maxInt256, -maxInt256, -maxInt256 - 1n)
    expectSame(inputs, inputs.map(normalCdf), await inChunks(inputs, (x) => harness.read.probabilities([x])))
  })

  it('total volatility', async () => {
    const random = new Random(7n)
    const inputs = random.many(
      count,
      () => [random.between(0n, maxVolatility), random.magnitude(32n) - 1n] as readonly [bigint, bigint],
    )
    inputs.push([0n, 0n], [maxVolatility, maxSeconds], [maxVolatility, 1n], [1n, maxSeconds], [wad, 31_536_000n])
    expectSame(
      inputs,
      inputs.map(([sigma, seconds]) => totalVolatility(sigma, seconds)),
      await inChunks(inputs, (chunk) =>
        harness.read.totalVolatilities([chunk.map(([sigma]) => sigma), chunk.map(([, seconds]) => seconds)]),
      ),
    )
  })

  it('Black-76 calls and puts', async () => {
    const inputs = [...randomOptions(new Random(8n)), ...edgeOptions()]
    const results = await inChunks(inputs, async (chunk) => {
      const [calls, puts] = await harness.read.prices([chunk])
      return calls.map((call, index) => [call, puts[index] ?? -1n] as const)
    })
    const price = (right: 'call' | 'put') =>
      inputs.map(({ forward, strike, volatility }) => black76(right, forward, strike, volatility))
    const calls = price('call')
    expectSame(
      inputs,
      calls,
      results.map(([call]) => call),
    )
    expectSame(
      inputs,
      price('put'),
      results.map(([, put]) => put),
    )
    const worthless = calls.filter((call) => call === 0n).length
    expect(worthless, 'inputs that exercise nothing').to.be.below(inputs.length / 4)
  })

  it('Black-76 deltas', async () => {
    const inputs = [...randomOptions(new Random(9n)), ...edgeOptions()]
    const results = await inChunks(inputs, async (chunk) => {
      const [calls, puts] = await harness.read.deltas([chunk])
      return calls.map((call, index) => [call, puts[index] ?? maxUint256] as const)
    })
    const delta = (right: 'call' | 'put') =>
      inputs.map(({ forward, strike, volatility }) => black76Delta(right, forward, strike, volatility))
    expectSame(
      inputs,
      delta('call'),
      results.map(([call]) => call),
    )
    expectSame(
      inputs,
      delta('put'),
      results.map(([, put]) => put),
    )
  })

  it('refuses the same inputs', async () => {
    const revert = async (call: Promise<unknown>) => call.then(String, (error: Error) => error.message)
    for (const [forward, strike] of [
      [0n, wad],
      [wad, 0n],
      [maxPrice + 1n, wad],
      [wad, maxPrice + 1n],
      [maxUint256, wad],
      [wad, maxUint256],
    ] as const) {
      const option = { forward, strike, volatility: wad }
      expect(() => black76('call', forward, strike, wad)).to.throw()
      expect(() => black76Delta('put', forward, strike, wad)).to.throw()
      expect(await revert(harness.read.prices([[option]]))).to.contain('Black76PriceOutOfDomain')
      expect(await revert(harness.read.deltas([[option]]))).to.contain('Black76PriceOutOfDomain')
    }
    for (const [sigma, seconds] of [
      [maxVolatility + 1n, 1n],
      [wad, maxSeconds + 1n],
      [maxUint256, maxUint256],
    ] as const) {
      expect(() => totalVolatility(sigma, seconds)).to.throw()
      const message = await revert(harness.read.totalVolatilities([[sigma], [seconds]]))
      expect(message).to.contain('Black76VolatilityOutOfDomain')
    }
    expect(() => expWad(135305999368893231589n)).to.throw()
    expect(await revert(harness.read.exponentials([[135305999368893231589n]]))).to.contain('0xa37bfec9')
    expect(() => lnWad(0n)).to.throw()
    expect(await revert(harness.read.logarithms([[0n]]))).to.contain('0x1615e638')
  })

  it('prices from volatility and time in less than 2,700 gas on average', async () => {
    const random = new Random(10n)
    const gas: bigint[] = []
    for (let index = 0; index < 200; index++) {
      const forward = random.between(1_000n * wad, 5_000n * wad)
      const strike = (forward * random.between(wad / 2n, 2n * wad)) / wad
      const sigma = random.between(wad / 5n, 2n * wad)
      const seconds = random.between(3_600n, 31_536_000n)
      const [used, price] = await harness.read.callPriceGas([forward, strike, sigma, seconds])
      expect(price).to.equal(black76('call', forward, strike, totalVolatility(sigma, seconds)))
      gas.push(used)
    }
    const mean = gas.reduce((sum, used) => sum + used) / BigInt(gas.length)
    expect(Number(mean)).to.be.below(2_700)
  })
})
