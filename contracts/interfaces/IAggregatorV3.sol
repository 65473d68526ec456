// SPDX-License-Identifier: MIT
pragma solidity >=0.8.20;

/// @title Chainlink's AggregatorV3Interface
/// @notice The same functions under a name of our own, so that nobody needs Chainlink's package to compile them.
interface IAggregatorV3 {
    /// @notice Decimals of the answers.
    /// @return The number of decimals.
    function decimals() external view returns (uint8);

    /// @notice What the answers are.
    /// @return A few words.
    function description() external view returns (string memory);

    /// @notice Version of the aggregator.
    /// @return The number.
    function version() external view returns (uint256);

    /// @notice The answer of one round.
    /// @param id Round to read.
    /// @return roundId The round.
    /// @return answer Its answer.
    /// @return startedAt When it began, Unix seconds.
    /// @return updatedAt When it was answered, Unix seconds.
    /// @return answeredInRound The round.
    function getRoundData(
        uint80 id
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The newest answer.
    /// @return roundId The round.
    /// @return answer Its answer.
    /// @return startedAt When it began, Unix seconds.
    /// @return updatedAt When it was answered, Unix seconds.
    /// @return answeredInRound The round.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
