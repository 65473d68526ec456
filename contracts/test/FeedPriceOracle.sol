// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// Price oracle of the devnet's Compound v2 and Venus pools, of whose own oracles no package holds a complete one: the answer
/// of a Chainlink feed in the scale that both ask for, USD with 36 less the token's decimals. The listing of markets is open to
/// anyone.
contract FeedPriceOracle {
    struct Source {
        IAggregatorV3 feed;
        uint8 tokenDecimals;
    }

    /// By market, and by token for whoever asks for a token.
    mapping(address => Source) public sources;

    function setSource(address marketOrToken, IAggregatorV3 feed, uint8 tokenDecimals) external {
        sources[marketOrToken] = Source(feed, tokenDecimals);
    }

    /// What Venus calls before it reads a price; feeds need no update.
    // solhint-disable-next-line no-empty-blocks
    function updatePrice(address) external {}

    // solhint-disable-next-line no-empty-blocks
    function updateAssetPrice(address) external {}

    function getUnderlyingPrice(address market) external view returns (uint256) {
        return _price(market);
    }

    function getPrice(address token) external view returns (uint256) {
        return _price(token);
    }

    function _price(address marketOrToken) private view returns (uint256) {
        Source memory source = sources[marketOrToken];
        if (address(source.feed) == address(0)) return 0;
        (, int256 answer, , , ) = source.feed.latestRoundData();
        return answer <= 0 ? 0 : uint256(answer) * 10 ** (36 - source.tokenDecimals - source.feed.decimals());
    }
}
