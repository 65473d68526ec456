import { maxUint256, parseEther, zeroAddress } from 'viem'

const hours = (count: number) => BigInt(count * 3_600)
const days = (count: number) => hours(count * 24)
const weeks = (count: number) => days(count * 7)
const wad = parseEther

/** Collects what the security module would get; nobody holds its key. */
export const securityModule = '0xefeefeefeefeefeefeefeefeefeefeefeefeefee'

/** Parameters of Lyra's own tests (`dist/test/utils/defaultParams` of its package), amounts in WAD, times in seconds. */
export const lyraParameters = {
  optionMarket: {
    securityModule,
    feePortionReserved: wad('0.1'),
    maxBoardExpiry: weeks(48),
    staticBaseSettlementFee: wad('0.0075'),
  },
  liquidityPool: {
    minDepositWithdraw: wad('1'),
    depositDelay: weeks(1),
    withdrawalDelay: weeks(1),
    withdrawalFee: wad('0.01'),
    liquidityCBThreshold: wad('0.01'),
    liquidityCBTimeout: days(3),
    ivVarianceCBThreshold: wad('0.1'),
    skewVarianceCBThreshold: wad('0.35'),
    ivVarianceCBTimeout: hours(12),
    skewVarianceCBTimeout: hours(12),
    guardianMultisig: zeroAddress,
    guardianDelay: weeks(2),
    boardSettlementCBTimeout: hours(6),
    maxFeePaid: wad('0.01'),
  },
  poolHedger: { interactionDelay: hours(24), hedgeCap: maxUint256 },
  shortBuffer: wad('2'),
  greekCache: {
    maxStrikesPerBoard: 30n,
    acceptableSpotPricePercentMove: wad('0.05'),
    staleUpdateDuration: hours(3),
    varianceIvGWAVPeriod: days(1),
    varianceSkewGWAVPeriod: days(3),
    optionValueIvGWAVPeriod: days(1),
    optionValueSkewGWAVPeriod: days(3),
    gwavSkewFloor: wad('0.5'),
    gwavSkewCap: wad('2'),
    rateAndCarry: wad('0.05'),
  },
  minimumCollateral: {
    minStaticBaseCollateral: wad('0.2'),
    minStaticQuoteCollateral: wad('200'),
    shockVolA: wad('2.5'),
    shockVolPointA: weeks(2),
    shockVolB: wad('1.8'),
    shockVolPointB: weeks(8),
    callSpotPriceShock: wad('1.2'),
    putSpotPriceShock: wad('0.8'),
  },
  forceClose: {
    ivGWAVPeriod: hours(12),
    skewGWAVPeriod: hours(24),
    shortVolShock: wad('1.2'),
    shortPostCutoffVolShock: wad('1.4'),
    longVolShock: wad('0.8'),
    longPostCutoffVolShock: wad('0.5'),
    liquidateVolShock: wad('1.3'),
    liquidatePostCutoffVolShock: wad('1.6'),
    shortSpotMin: wad('0.01'),
    liquidateSpotMin: wad('0.02'),
  },
  pricing: {
    optionPriceFeeCoefficient: wad('0.01'),
    optionPriceFee1xPoint: weeks(6),
    optionPriceFee2xPoint: weeks(16),
    spotPriceFeeCoefficient: wad('0.01'),
    spotPriceFee1xPoint: weeks(6),
    spotPriceFee2xPoint: weeks(12),
    vegaFeeCoefficient: wad('100'),
    standardSize: wad('5'),
    skewAdjustmentFactor: wad('0.75'),
  },
  tradeLimit: {
    maxBaseIV: wad('2'),
    maxSkew: wad('1.5'),
    minBaseIV: wad('0.35'),
    minSkew: wad('0.5'),
    minDelta: wad('0.15'),
    minForceCloseDelta: wad('0.25'),
    minVol: wad('0.55'),
    maxVol: wad('3'),
    tradingCutoff: hours(12),
    absMaxSkew: wad('5'),
    absMinSkew: wad('0.15'),
    capSkewsToAbs: false,
  },
  varianceFee: {
    defaultVarianceFeeCoefficient: wad('0.25'),
    forceCloseVarianceFeeCoefficient: wad('0.25'),
    skewAdjustmentCoefficient: wad('3'),
    referenceSkew: wad('1'),
    minimumStaticSkewAdjustment: wad('1'),
    vegaCoefficient: wad('0.01'),
    minimumStaticVega: 0n,
    ivVarianceCoefficient: wad('1.5'),
    minimumStaticIvVariance: wad('1'),
  },
  partialCollateral: {
    penaltyRatio: wad('0.2'),
    liquidatorFeeRatio: wad('0.4'),
    smFeeRatio: wad('0.3'),
    minLiquidationFee: wad('15'),
  },
  exchangeFee: { ethToUsd: wad('0.0075'), usdToEth: wad('0.005') },
} as const

/** The board that the devnet lists: strikes in USD, volatilities per year, WAD; a strike trades at base × skew. */
export const openingBoard = {
  lifetime: weeks(4),
  baseVolatility: wad('1'),
  strikes: [wad('1500'), wad('2000'), wad('2500')],
  skews: [wad('0.9'), wad('1'), wad('1.1')],
} as const
