// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Dollar value of token amounts by a Chainlink aggregator
/// @notice Amounts in, quote units (1e-6 USD) out, with the rounding in the name. An answer that is old, from the future
/// or not positive reverts.
library ChainlinkValue {
    /// @notice An aggregator of a token in USD.
    /// @dev `maxAge`: oldest answer accepted, seconds. `scale`: 10 ** (token decimals + feed decimals).
    struct Feed {
        AggregatorV3Interface aggregator;
        uint32 maxAge;
        uint256 scale;
    }

    uint256 private constant QUOTE_UNIT = 1e6;

    /// @notice The answer is older than accepted, or from the future.
    /// @param aggregator Source of the answer.
    /// @param updatedAt Time of the answer, Unix seconds.
    error StalePrice(address aggregator, uint256 updatedAt);

    /// @notice The answer is not a price.
    /// @param aggregator Source of the answer.
    /// @param answer The answer.
    error InvalidPrice(address aggregator, int256 answer);

    /// @notice Value of an amount, rounded down.
    /// @param feed Aggregator of the token.
    /// @param amount Smallest units of the token.
    /// @return Quote units.
    function valueDown(Feed memory feed, uint256 amount) internal view returns (uint256) {
        return FixedPointMathLib.fullMulDiv(amount, price(feed) * QUOTE_UNIT, feed.scale);
    }

    /// @notice Value of an amount, rounded up.
    /// @param feed Aggregator of the token.
    /// @param amount Smallest units of the token.
    /// @return Quote units.
    function valueUp(Feed memory feed, uint256 amount) internal view returns (uint256) {
        return FixedPointMathLib.fullMulDivUp(amount, price(feed) * QUOTE_UNIT, feed.scale);
    }

    /// @notice Amount that a value buys, rounded down.
    /// @param feed Aggregator of the token.
    /// @param value Quote units.
    /// @return Smallest units of the token.
    function amountDown(Feed memory feed, uint256 value) internal view returns (uint256) {
        return FixedPointMathLib.fullMulDiv(value, feed.scale, price(feed) * QUOTE_UNIT);
    }

    /// @notice The aggregator's answer.
    /// @param feed Aggregator of the token.
    /// @return USD per whole token in the feed's decimals.
    function price(Feed memory feed) internal view returns (uint256) {
        (, int256 answer, , uint256 updatedAt, ) = feed.aggregator.latestRoundData();
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > feed.maxAge) {
            revert StalePrice(address(feed.aggregator), updatedAt);
        }
        if (answer <= 0) revert InvalidPrice(address(feed.aggregator), answer);
        return uint256(answer);
    }
}
