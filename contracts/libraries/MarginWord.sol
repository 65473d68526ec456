// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";

/// @title The packed margin record
/// @notice One storage slot and the same 32 bytes on the wire, from the highest bits down:
/// initialMargin u64 | maintenanceMargin u64 | equity i64 | observedAt u32 | lienSeq u16 | modelId u8 | flags u8.
/// @dev Every conversion below cuts out one field of the word on purpose; nothing is computed in a narrow type.
library MarginWord {
    /// @notice Seconds of validity at validity code 0; each step of the code doubles it.
    uint256 internal constant SHORTEST_VALIDITY = 15;

    /// @notice Seconds of validity at the highest code, 15.
    uint256 internal constant LONGEST_VALIDITY = SHORTEST_VALIDITY << 15;

    /// @notice Timestamp of the block that was read, Unix seconds.
    /// @param word Packed record.
    /// @return Unix seconds.
    function observedAt(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 32);
    }

    /// @notice Sequence number of the liens that the record has seen.
    /// @param word Packed record.
    /// @return The number.
    function lienSeq(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 16);
    }

    /// @notice Margin model.
    /// @param word Packed record.
    /// @return Model id.
    function modelId(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 8);
    }

    /// @notice Flags as one byte.
    /// @param word Packed record.
    /// @return The flags.
    function flags(uint256 word) internal pure returns (uint256) {
        return uint8(word);
    }

    /// @notice Validity code, bits 0 to 3 of the flags.
    /// @param word Packed record.
    /// @return The code.
    function validityCode(uint256 word) internal pure returns (uint256) {
        return word & 0xf;
    }

    /// @notice Whether the record lives under the roots, bit 5 of the flags.
    /// @param word Packed record.
    /// @return True when it does.
    function isRootMode(uint256 word) internal pure returns (bool) {
        return word & 0x20 != 0;
    }

    /// @notice Whether the scope is enforceable, bit 7 of the flags.
    /// @param word Packed record.
    /// @return True when it is.
    function isEnforceable(uint256 word) internal pure returns (bool) {
        return word & 0x80 != 0;
    }

    /// @notice Whether two records are of the same model and scope.
    /// @param word Packed record.
    /// @param other Packed record.
    /// @return True when they are.
    function isOfKind(uint256 word, uint256 other) internal pure returns (bool) {
        return (word ^ other) & 0xff80 == 0;
    }

    /// @notice Whether nothing in the record asks for what a registry without liens and margin accounts does not have, and
    /// its maintenance margin is within its initial margin. One check for what is nearly always so.
    /// @param word Packed record.
    /// @return plain True when all of that holds.
    function isPlain(uint256 word) internal pure returns (bool plain) {
        // lienSeq and bit 7 of the flags.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            plain := iszero(or(and(word, 0xffff0080), gt(and(shr(128, word), 0xffffffffffffffff), shr(192, word))))
        }
    }

    /// @notice Initial margin.
    /// @param word Packed record.
    /// @return Quote units.
    function initialMargin(uint256 word) internal pure returns (uint256) {
        return word >> 192;
    }

    /// @notice Maintenance margin.
    /// @param word Packed record.
    /// @return Quote units.
    function maintenanceMargin(uint256 word) internal pure returns (uint256) {
        return uint64(word >> 128);
    }

    /// @notice Equity.
    /// @param word Packed record.
    /// @return Quote units.
    function equity(uint256 word) internal pure returns (int256) {
        return int64(uint64(word >> 64));
    }

    /// @notice Equity less initial margin.
    /// @param word Packed record.
    /// @return Quote units.
    function free(uint256 word) internal pure returns (int256) {
        // Both are 64-bit fields.
        unchecked {
            return equity(word) - int256(initialMargin(word));
        }
    }

    /// @notice Last second at which the signers let the record be used.
    /// @param word Packed record.
    /// @return Unix seconds.
    function expiresAt(uint256 word) internal pure returns (uint256) {
        // 32 bits and 19 bits.
        unchecked {
            return observedAt(word) + (SHORTEST_VALIDITY << validityCode(word));
        }
    }

    /// @notice Whether a record takes the place of another: strictly newer, or as old with less free equity.
    /// @param word Packed record.
    /// @param other Packed record, or zero for none.
    /// @return True when `word` wins.
    function supersedes(uint256 word, uint256 other) internal pure returns (bool) {
        uint256 time = observedAt(word);
        uint256 otherTime = observedAt(other);
        return time == otherTime ? free(word) < free(other) : time > otherTime;
    }

    /// @notice What all records of a batch or root share, with amounts of zero.
    /// @param header observedAt u32 | modelId u8 | flags u8 | blockNumber u40, in the lowest 88 bits.
    /// @return Packed record.
    function shared(uint256 header) internal pure returns (uint256) {
        return ((header >> 24) & (uint256(type(uint32).max) << 32)) | uint16(header >> 40);
    }

    /// @notice Whether an item of a batch is a record at all: no lien that a registry without liens has, and a maintenance
    /// margin within the initial margin.
    /// @param item initialMargin u64 | maintenanceMargin u64 | equity i64 | lienSeq u16 | 48 bits that say nothing.
    /// @return sound True when it is.
    function isItem(uint256 item) internal pure returns (bool sound) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let lienSequence := and(shr(48, item), 0xffff)
            sound := iszero(or(lienSequence, gt(and(shr(128, item), 0xffffffffffffffff), shr(192, item))))
        }
    }

    /// @notice The amounts of an item, at their places in the record.
    /// @param item As of {isItem}.
    /// @return Packed record with nothing but amounts.
    function amountsOf(uint256 item) internal pure returns (uint256) {
        return item & ~uint256(type(uint64).max);
    }

    /// @notice The record with its fields apart.
    /// @param word Packed record.
    /// @return margin The record.
    function unpack(uint256 word) internal pure returns (IMarginOracle.Margin memory margin) {
        margin.initialMargin = uint64(word >> 192);
        margin.maintenanceMargin = uint64(word >> 128);
        margin.equity = int64(uint64(word >> 64));
        margin.observedAt = uint32(word >> 32);
        margin.lienSeq = uint16(word >> 16);
        margin.modelId = uint8(word >> 8);
        margin.flags = uint8(word);
    }
}
