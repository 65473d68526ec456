// SPDX-License-Identifier: MIT
pragma solidity >=0.8.20;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {MarginConsumer} from "../MarginConsumer.sol";

/// @title The margin ratio of one account as a Chainlink aggregator
/// @notice Answers equity / initial margin with 18 decimals, rounded down, for protocols that already read aggregators.
/// The ratio says whether an account bears its own risk; it is no price and no amount that could be lent on. There is no
/// answer, rather than a zero, when the record is unknown, stale, of another model or without initial margin, and while
/// opening risk is paused. So a liquidation must not depend on this feed: it reads {IMarginOracle-tryMarginOf}.
contract MarginRatioFeed is MarginConsumer, IAggregatorV3 {
    /// @notice Account whose ratio this is.
    address public immutable account;

    /// @notice The account needs no margin, so there is no ratio.
    /// @param account Account of this feed.
    error NoInitialMargin(address account);

    /// @notice The registry keeps the newest record only.
    /// @param id Round asked for.
    /// @param latest Round that is there.
    error RoundNotKept(uint80 id, uint80 latest);

    /// @notice Fixes the account and what is relied on.
    /// @param oracle Source of the records.
    /// @param maxAge Oldest record that is an answer, seconds; not zero.
    /// @param acceptedModels One bit per model id, at least one of the 24.
    /// @param account_ Account whose ratio this is.
    constructor(
        IMarginOracle oracle,
        uint256 maxAge,
        uint256 acceptedModels,
        address account_
    ) MarginConsumer(oracle, maxAge, 0, acceptedModels) {
        account = account_;
    }

    /// @inheritdoc IAggregatorV3
    /// @dev The round is the time of the observation, so rounds only grow.
    function getRoundData(uint80 id) external view returns (uint80, int256, uint256, uint256, uint80) {
        (uint80 latest, int256 answer) = _latest();
        if (id != latest) revert RoundNotKept(id, latest);
        return (latest, answer, latest, latest, latest);
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        (uint80 latest, int256 answer) = _latest();
        return (latest, answer, latest, latest, latest);
    }

    /// @inheritdoc IAggregatorV3
    function decimals() external pure returns (uint8) {
        return 18;
    }

    /// @inheritdoc IAggregatorV3
    function description() external pure returns (string memory) {
        return "equity / initial margin";
    }

    /// @inheritdoc IAggregatorV3
    function version() external pure returns (uint256) {
        return 1;
    }

    function _latest() private view returns (uint80 observedAt, int256 ratio) {
        // Reverts while opening risk is paused, which a reader of an aggregator has no other way to see.
        oracle.freeEquity(account, maxAge);
        IMarginOracle.Margin memory margin = _margin(account);
        if (margin.initialMargin == 0) revert NoInitialMargin(account);
        int256 scaled = int256(margin.equity) * 1e18;
        int256 required = int256(uint256(margin.initialMargin));
        ratio = scaled / required;
        // Division cuts toward zero; a negative ratio is rounded down too.
        if (scaled < ratio * required) --ratio;
        return (margin.observedAt, ratio);
    }
}
