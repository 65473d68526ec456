// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {MarginWord} from "../libraries/MarginWord.sol";

contract MarginWordTest {
    using MarginWord for uint256;

    function testFuzzUnpacksWhatWasPacked(IMarginOracle.Margin memory m) external pure {
        uint256 word = abi.decode(
            abi.encodePacked(
                m.initialMargin,
                m.maintenanceMargin,
                m.equity,
                m.observedAt,
                m.lienSeq,
                m.modelId,
                m.flags
            ),
            (uint256)
        );
        IMarginOracle.Margin memory got = word.unpack();
        require(keccak256(abi.encode(got)) == keccak256(abi.encode(m)), "unpack");
        require(word.initialMargin() == m.initialMargin && word.maintenanceMargin() == m.maintenanceMargin, "margins");
        require(word.equity() == m.equity && word.observedAt() == m.observedAt, "equity, time");
        require(word.lienSeq() == m.lienSeq && word.modelId() == m.modelId && word.flags() == m.flags, "small fields");
        require(word.free() == int256(m.equity) - int256(uint256(m.initialMargin)), "free");
        require(word.expiresAt() == uint256(m.observedAt) + 15 * 2 ** (m.flags % 16), "expiry");
    }

    function testFuzzSupersedesIsAnOrder(uint256 a, uint256 b, uint256 c, bool sameTime) external pure {
        if (sameTime) b = (b & ~(uint256(type(uint32).max) << 32)) | (a & (uint256(type(uint32).max) << 32));
        require(!a.supersedes(a), "irreflexive");
        require(!(a.supersedes(b) && b.supersedes(a)), "antisymmetric");
        if (a.supersedes(b) && b.supersedes(c)) require(a.supersedes(c), "transitive");
        if (a.observedAt() > b.observedAt()) require(a.supersedes(b), "newer wins");
        if (a.observedAt() == b.observedAt() && a.free() < b.free()) require(a.supersedes(b), "lower wins");
    }
}
