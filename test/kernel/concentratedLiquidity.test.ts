import factoryArtifact from '@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json' with {
  type: 'json',
}
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import type { Abi, Hex } from 'viem'
import {
  amountsForLiquidity,
  InvalidPoolInputError,
  InvalidTickError,
  maxSqrtPrice,
  minSqrtPrice,
  SqrtPriceOutOfRangeError,
  sqrtPriceX96,
  sqrtRatioAtTick,
} from '../../src/kernel/concentratedLiquidity.ts'
import { Random } from './support/random.ts'
import { exp, ln, one } from './support/reference.ts'

const wad = 10n ** 18n
const maxTick = 887_272

async function deployProbe() {
  const { viem } = await network.create()
  const [wallet] = await viem.getWalletClients()
  const client = await viem.getPublicClient()
  if (!wallet) throw new Error('no wallet')
  const hash = await wallet.deployContract({
    abi: factoryArtifact.abi as Abi,
    bytecode: factoryArtifact.bytecode as Hex,
  })
  const { contractAddress } = await client.getTransactionReceipt({ hash })
  if (!contractAddress) throw new Error('no factory')
  // The fee of 0.05 % has a tick spacing of 10.
  return viem.deployContract('UniswapV3Probe', [contractAddress, 500])
}

describe('concentratedLiquidity', () => {
  let probe: Awaited<ReturnType<typeof deployProbe>>

  before(async () => {
    probe = await deployProbe()
  })

  it('prices of the extreme ticks and of tick 0', () => {
    expect(sqrtRatioAtTick(-maxTick)).to.equal(minSqrtPrice)
    expect(sqrtRatioAtTick(maxTick)).to.equal(maxSqrtPrice)
    expect(minSqrtPrice).to.equal(4295128739n)
    expect(maxSqrtPrice).to.equal(1461446703485210103287273052203988822378723970342n)
    expect(sqrtRatioAtTick(0)).to.equal(1n << 96n)
    expect(sqrtRatioAtTick(-0)).to.equal(1n << 96n)
  })

  it('behavior: the price of a tick is the least that a Uniswap v3 pool counts to this tick', async () => {
    const random = new Random(40n)
    const ticks = new Set(random.many(150, () => Number(random.between(-887_270n, 887_270n))))
    for (let bit = 0; bit < 20; bit++) ticks.add(2 ** bit).add(-(2 ** bit))
    for (const tick of [0, 3, -3, 887_271, -887_271, 887_220, -887_220]) ticks.add(tick)
    const questions = [...ticks].flatMap((tick) => [
      { sqrtPrice: sqrtRatioAtTick(tick), tick },
      { sqrtPrice: sqrtRatioAtTick(tick) - 1n, tick: tick - 1 },
    ])
    for (let start = 0; start < questions.length; start += 100) {
      const chunk = questions.slice(start, start + 100)
      const { result } = await probe.simulate.ticksOf([chunk.map(({ sqrtPrice }) => sqrtPrice)])
      expect(result).to.deep.equal(chunk.map(({ tick }) => tick))
    }
  })

  it('behavior: the price of a tick is 1.0001^(tick/2) within 2e-19 and one unit of its last bit', () => {
    const random = new Random(41n)
    const halfLn = ln((10_001n * one) / 10_000n) / 2n
    for (let index = 0; index < 300; index++) {
      const tick = random.between(-887_272n, 887_272n)
      const exact = exp(halfLn * tick) << 96n
      const error = sqrtRatioAtTick(Number(tick)) * one - exact
      const allowed = exact / (5n * wad) + one
      expect(-allowed <= error && error <= allowed, `tick ${tick}`).to.equal(true)
    }
  })

  it('behavior: amounts are what a Uniswap v3 pool pays out', async () => {
    const random = new Random(42n)
    const ranges = random.many(120, () => {
      const tickLower = Number(random.between(-60_000n, 60_000n)) * 10
      const tickUpper = tickLower + Number(random.magnitude(14n)) * 10
      const inside = BigInt(tickUpper - tickLower)
      const tick = Number(BigInt(tickLower) + random.between(-inside / 2n, (inside * 3n) / 2n))
      const sqrtPrice =
        sqrtRatioAtTick(tick) + (tick % 2 === 0 ? 0n : random.between(0n, sqrtRatioAtTick(tick) / 20_001n))
      return { sqrtPrice, tickLower, tickUpper, liquidity: random.magnitude(100n) }
    })
    for (const tick of [-200, 190, 200]) {
      for (const offset of [-1n, 0n, 1n]) {
        const sqrtPrice = sqrtRatioAtTick(tick) + offset
        ranges.push({ sqrtPrice, tickLower: -200, tickUpper: 200, liquidity: 10n ** 30n })
      }
    }
    ranges.push({ sqrtPrice: minSqrtPrice, tickLower: -887_270, tickUpper: 887_270, liquidity: 1n })
    ranges.push({ sqrtPrice: maxSqrtPrice - 1n, tickLower: -887_270, tickUpper: 887_270, liquidity: 10n ** 9n })
    for (let start = 0; start < ranges.length; start += 30) {
      const chunk = ranges.slice(start, start + 30)
      const { result } = await probe.simulate.amountsOf([chunk])
      const ours = chunk.map(amountsForLiquidity)
      expect(ours.map(({ amount0 }) => amount0)).to.deep.equal(result[0])
      expect(ours.map(({ amount1 }) => amount1)).to.deep.equal(result[1])
    }
  })

  it('behavior: at and beyond an edge of the range only one token is left', () => {
    const tick = fc.integer({ min: -400_000, max: 400_000 })
    fc.assert(
      fc.property(
        tick,
        fc.integer({ min: 1, max: 40_000 }),
        fc.bigInt({ min: 0n, max: 1n << 100n }),
        (low, width, l) => {
          const range = { tickLower: low, tickUpper: low + width, liquidity: l }
          const below = amountsForLiquidity({ ...range, sqrtPrice: sqrtRatioAtTick(low) })
          const above = amountsForLiquidity({ ...range, sqrtPrice: sqrtRatioAtTick(low + width) })
          expect(below.amount1).to.equal(0n)
          expect(above.amount0).to.equal(0n)
          expect(amountsForLiquidity({ ...range, sqrtPrice: minSqrtPrice })).to.deep.equal(below)
          expect(amountsForLiquidity({ ...range, sqrtPrice: maxSqrtPrice - 1n })).to.deep.equal(above)
          const inside = amountsForLiquidity({ ...range, sqrtPrice: sqrtRatioAtTick(low + Math.floor(width / 2)) })
          expect(inside.amount0 <= below.amount0 && inside.amount1 <= above.amount1).to.equal(true)
        },
      ),
    )
  })

  it('behavior: a split position holds at most one unit of each token less', () => {
    const amount = fc.bigInt({ min: 0n, max: 1n << 100n })
    fc.assert(
      fc.property(amount, amount, fc.integer({ min: -5_000, max: 5_000 }), (a, b, tick) => {
        const at = { sqrtPrice: sqrtRatioAtTick(tick), tickLower: -3_000, tickUpper: 4_000 }
        const whole = amountsForLiquidity({ ...at, liquidity: a + b })
        const first = amountsForLiquidity({ ...at, liquidity: a })
        const second = amountsForLiquidity({ ...at, liquidity: b })
        expect([0n, 1n]).to.include(whole.amount0 - first.amount0 - second.amount0)
        expect([0n, 1n]).to.include(whole.amount1 - first.amount1 - second.amount1)
      }),
    )
  })

  it('square-root price at token prices', () => {
    expect(sqrtPriceX96(wad, 18, wad, 18)).to.equal(1n << 96n)
    expect(sqrtPriceX96(4n * wad, 18, wad, 18)).to.equal(1n << 97n)
    // 2,000 USDC (6 decimals) per ETH: √(2000 · 10^6 / 10^18) · 2^96.
    expect(sqrtPriceX96(2_000n * wad, 18, wad, 6)).to.equal(3543191142285914205922034n)
    expect(sqrtPriceX96(wad, 6, 2_000n * wad, 18)).to.equal(1771595571142957102961017161607260n)
  })

  it('error: InvalidTickError', () => {
    for (const tick of [887_273, -887_273, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
      expect(() => sqrtRatioAtTick(tick)).to.throw(InvalidTickError, `Tick ${tick} is not`)
    }
    const position = { sqrtPrice: 1n << 96n, liquidity: 1n }
    expect(() => amountsForLiquidity({ ...position, tickLower: 5, tickUpper: 5 })).to.throw(
      InvalidTickError,
      'not below',
    )
    expect(() => amountsForLiquidity({ ...position, tickLower: -887_273, tickUpper: 5 })).to.throw(InvalidTickError)
  })

  it('error: SqrtPriceOutOfRangeError', () => {
    for (const sqrtPrice of [0n, minSqrtPrice - 1n, maxSqrtPrice]) {
      const position = { sqrtPrice, tickLower: -1, tickUpper: 1, liquidity: 1n }
      expect(() => amountsForLiquidity(position)).to.throw(SqrtPriceOutOfRangeError, `${sqrtPrice} is outside`)
    }
    expect(() => sqrtPriceX96(wad, 0, 1n, 30)).to.throw(SqrtPriceOutOfRangeError)
    expect(() => sqrtPriceX96(1n, 30, wad, 0)).to.throw(SqrtPriceOutOfRangeError)
  })

  it('error: InvalidPoolInputError', () => {
    expect(() => sqrtPriceX96(0n, 18, wad, 18)).to.throw(InvalidPoolInputError, 'The token price is 0')
    expect(() => sqrtPriceX96(wad, 18, -1n, 18)).to.throw(InvalidPoolInputError)
    for (const decimals of [-1, 256, 1.5, Number.NaN]) {
      expect(() => sqrtPriceX96(wad, decimals, wad, 18)).to.throw(InvalidPoolInputError, `${decimals}`)
    }
    const position = { sqrtPrice: 1n << 96n, tickLower: -1, tickUpper: 1 }
    for (const liquidity of [-1n, 1n << 128n]) {
      expect(() => amountsForLiquidity({ ...position, liquidity })).to.throw(InvalidPoolInputError, 'liquidity')
    }
  })
})
