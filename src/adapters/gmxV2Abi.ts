import { parseAbi } from 'viem'

/**
 * The views of GMX v2's `Reader` that are asked, hand-written from its release 2.2 (on Arbitrum
 * 0x470fbC46bcC0f16532691Df360A07d8Bf5ee0789): the first whose positions carry `pendingImpactAmount`. `isPositionLiquidatable`
 * took its last argument there.
 */
export const gmxReaderAbi = parseAbi([
  'struct MarketProps { address marketToken; address indexToken; address longToken; address shortToken; }',
  'struct PriceProps { uint256 min; uint256 max; }',
  'struct MarketPrices { PriceProps indexTokenPrice; PriceProps longTokenPrice; PriceProps shortTokenPrice; }',
  'struct PositionAddresses { address account; address market; address collateralToken; }',
  'struct PositionNumbers { uint256 sizeInUsd; uint256 sizeInTokens; uint256 collateralAmount; int256 pendingImpactAmount; uint256 borrowingFactor; uint256 fundingFeeAmountPerSize; uint256 longTokenClaimableFundingAmountPerSize; uint256 shortTokenClaimableFundingAmountPerSize; uint256 increasedAtTime; uint256 decreasedAtTime; }',
  'struct PositionFlags { bool isLong; }',
  'struct PositionProps { PositionAddresses addresses; PositionNumbers numbers; PositionFlags flags; }',
  'struct ReferralFees { bytes32 referralCode; address affiliate; address trader; uint256 totalRebateFactor; uint256 affiliateRewardFactor; uint256 adjustedAffiliateRewardFactor; uint256 traderDiscountFactor; uint256 totalRebateAmount; uint256 traderDiscountAmount; uint256 affiliateRewardAmount; }',
  'struct ProFees { uint256 traderTier; uint256 traderDiscountFactor; uint256 traderDiscountAmount; }',
  'struct FundingFees { uint256 fundingFeeAmount; uint256 claimableLongTokenAmount; uint256 claimableShortTokenAmount; uint256 latestFundingFeeAmountPerSize; uint256 latestLongTokenClaimableFundingAmountPerSize; uint256 latestShortTokenClaimableFundingAmountPerSize; }',
  'struct BorrowingFees { uint256 borrowingFeeUsd; uint256 borrowingFeeAmount; uint256 borrowingFeeReceiverFactor; uint256 borrowingFeeAmountForFeeReceiver; }',
  'struct UiFees { address uiFeeReceiver; uint256 uiFeeReceiverFactor; uint256 uiFeeAmount; }',
  'struct LiquidationFees { uint256 liquidationFeeUsd; uint256 liquidationFeeAmount; uint256 liquidationFeeReceiverFactor; uint256 liquidationFeeAmountForFeeReceiver; }',
  'struct PositionFees { ReferralFees referral; ProFees pro; FundingFees funding; BorrowingFees borrowing; UiFees ui; LiquidationFees liquidation; PriceProps collateralTokenPrice; uint256 positionFeeFactor; uint256 protocolFeeAmount; uint256 positionFeeReceiverFactor; uint256 feeReceiverAmount; uint256 feeAmountForPool; uint256 positionFeeAmountForPool; uint256 positionFeeAmount; uint256 totalCostAmountExcludingFunding; uint256 totalCostAmount; uint256 totalDiscountAmount; }',
  'struct ExecutionPriceResult { int256 priceImpactUsd; uint256 executionPrice; bool balanceWasImproved; int256 proportionalPendingImpactUsd; int256 totalImpactUsd; uint256 priceImpactDiffUsd; }',
  'struct PositionInfo { bytes32 positionKey; PositionProps position; PositionFees fees; ExecutionPriceResult executionPriceResult; int256 basePnlUsd; int256 uncappedBasePnlUsd; int256 pnlAfterPriceImpactUsd; }',
  'struct LiquidatableInfo { int256 remainingCollateralUsd; int256 minCollateralUsd; int256 minCollateralUsdForLeverage; }',
  'function getMarket(address dataStore, address key) view returns (MarketProps)',
  'function getAccountPositions(address dataStore, address account, uint256 start, uint256 end) view returns (PositionProps[])',
  'function getPositionInfo(address dataStore, address referralStorage, bytes32 positionKey, MarketPrices prices, uint256 sizeDeltaUsd, address uiFeeReceiver, bool usePositionSizeAsSizeDeltaUsd) view returns (PositionInfo)',
  'function isPositionLiquidatable(address dataStore, address referralStorage, bytes32 positionKey, MarketProps market, MarketPrices prices, bool shouldValidateMinCollateralUsd, bool forLiquidation) view returns (bool, string, LiquidatableInfo)',
])

export const gmxDataStoreAbi = parseAbi([
  'function getUint(bytes32 key) view returns (uint256)',
  'function getAddress(bytes32 key) view returns (address)',
  'function getBytes32Count(bytes32 setKey) view returns (uint256)',
])
