// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// The oracle of a Morpho Blue market over two aggregators in one currency, for the devnet: Morpho's package has none that
/// follows a feed. Answers loan tokens per collateral in smallest units, scaled by 1e36.
contract AggregatorPairOracle {
    IAggregatorV3 public immutable collateralFeed;
    IAggregatorV3 public immutable loanFeed;
    uint256 public immutable scale;

    constructor(
        IAggregatorV3 collateralFeed_,
        IAggregatorV3 loanFeed_,
        uint256 collateralDecimals,
        uint256 loanDecimals
    ) {
        collateralFeed = collateralFeed_;
        loanFeed = loanFeed_;
        scale = 10 ** (36 + loanDecimals - collateralDecimals);
    }

    function price() external view returns (uint256) {
        return (scale * answerOf(collateralFeed)) / answerOf(loanFeed);
    }

    function answerOf(IAggregatorV3 feed) private view returns (uint256) {
        (, int256 answer, , , ) = feed.latestRoundData();
        require(answer > 0, "no price");
        return uint256(answer);
    }
}
