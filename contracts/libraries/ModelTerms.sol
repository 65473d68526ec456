// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {MarginWord} from "./MarginWord.sol";

/// @title Window and change bounds of a model in one word
/// @notice From the highest bits down: from u32 | until u32 | base u64 | rate u64 | cap u32 | 32 bits that say nothing.
library ModelTerms {
    using MarginWord for uint256;

    /// @notice First second of observation the model is in force.
    /// @param terms The word.
    /// @return Unix seconds.
    function from(uint256 terms) internal pure returns (uint256) {
        return terms >> 224;
    }

    /// @notice First second of observation the model is no longer in force.
    /// @param terms The word.
    /// @return Unix seconds.
    function until(uint256 terms) internal pure returns (uint256) {
        return uint32(terms >> 192);
    }

    /// @notice Whether the model is in force for an observation.
    /// @param terms The word.
    /// @param time Time of the observation, Unix seconds.
    /// @return covered True when it is.
    function covers(uint256 terms, uint256 time) internal pure returns (bool covered) {
        (uint256 first, uint256 end) = (from(terms), until(terms));
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            covered := gt(lt(time, end), lt(time, first))
        }
    }

    /// @notice Rise of free equity allowed at once.
    /// @param terms The word.
    /// @return Quote units.
    function base(uint256 terms) internal pure returns (uint256) {
        return uint64(terms >> 128);
    }

    /// @notice Rise of free equity allowed per second.
    /// @param terms The word.
    /// @return Quote units per second.
    function rate(uint256 terms) internal pure returns (uint256) {
        return uint64(terms >> 64);
    }

    /// @notice Seconds that count at most.
    /// @param terms The word.
    /// @return Seconds.
    function cap(uint256 terms) internal pure returns (uint256) {
        return uint32(terms >> 32);
    }

    /// @notice Most free equity that a record may show in the place of a stored one: `max(free of the stored record, 0) +
    /// base + rate * min(elapsed, cap)`. The first record of an account may show the base.
    /// @param terms The word.
    /// @param word Packed record, not older than `stored`.
    /// @param stored Packed record in storage.
    /// @return Quote units, never negative.
    function bound(uint256 terms, uint256 word, uint256 stored) internal pure returns (int256) {
        // Sums and products of fields of at most 64 bits.
        unchecked {
            uint256 elapsed = word.observedAt() - stored.observedAt();
            uint256 longest = cap(terms);
            if (elapsed > longest) elapsed = longest;
            int256 free = stored.free();
            if (free < 0) free = 0;
            return free + int256(base(terms) + rate(terms) * elapsed);
        }
    }
}
