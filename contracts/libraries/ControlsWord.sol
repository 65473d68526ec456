// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The switches of a registry in one slot
/// @notice From the highest bits down: pauses u8 | retiredModels u24 | invalidBefore u32 | newestRootTime u32 |
/// configuration (20 bytes).
/// @dev A word with shifts instead of a struct: a read uses two fields and need not lay out five in memory.
library ControlsWord {
    /// @notice Pause bit of everything that opens new risk on margin.
    uint256 internal constant PAUSE_RISK_INCREASE = 1;

    /// @notice Pause bit of posting and verification.
    uint256 internal constant PAUSE_POSTING = 2;

    /// @notice Pause bits.
    /// @param word The slot.
    /// @return The bits.
    function pauses(uint256 word) internal pure returns (uint256) {
        return word >> 248;
    }

    /// @notice One bit per withdrawn model.
    /// @param word The slot.
    /// @return The bits.
    function retiredModels(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 224);
    }

    /// @notice Whether a model was withdrawn.
    /// @param word The slot.
    /// @param modelId The model.
    /// @return True when it was; false for ids that cannot be.
    function isRetired(uint256 word, uint256 modelId) internal pure returns (bool) {
        return (retiredModels(word) >> modelId) & 1 != 0;
    }

    /// @notice Records observed before this time are dead.
    /// @param word The slot.
    /// @return Unix seconds.
    function invalidBefore(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 192);
    }

    /// @notice Time of the newest root; records under the roots observed before it are dead.
    /// @param word The slot.
    /// @return Unix seconds.
    function newestRootTime(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 160);
    }

    /// @notice Data contract with signers and models.
    /// @param word The slot.
    /// @return Its address.
    function configuration(uint256 word) internal pure returns (address) {
        return address(uint160(word));
    }

    /// @notice Whether the registry still stands behind a record: not invalidated, its model not withdrawn, not under the
    /// roots and older than the newest.
    /// @param word The slot.
    /// @param observedAt Time of the record, Unix seconds.
    /// @param modelId Model of the record.
    /// @param isRootMode Whether the record lives under the roots.
    /// @return standing True when all of that holds.
    function standsBehind(
        uint256 word,
        uint256 observedAt,
        uint256 modelId,
        bool isRootMode
    ) internal pure returns (bool standing) {
        uint256 withdrawn = retiredModels(word) >> modelId;
        uint256 rootTime = newestRootTime(word);
        uint256 dead = invalidBefore(word);
        // Without branches: every post and read comes through here.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            standing := iszero(
                or(or(and(withdrawn, 1), lt(observedAt, dead)), and(isRootMode, lt(observedAt, rootTime)))
            )
        }
    }

    /// @notice The slot with other pause bits.
    /// @param word The slot.
    /// @param bits The bits.
    /// @return The slot.
    function withPauses(uint256 word, uint8 bits) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint8).max) << 248)) | (uint256(bits) << 248);
    }

    /// @notice The slot with one model withdrawn or not.
    /// @param word The slot.
    /// @param modelId The model, below 24.
    /// @param retired Whether it is withdrawn.
    /// @return The slot.
    function withRetired(uint256 word, uint256 modelId, bool retired) internal pure returns (uint256) {
        assert(modelId < 24);
        uint256 bit = 1 << (224 + modelId);
        return retired ? word | bit : word & ~bit;
    }

    /// @notice The slot with another time of invalidation.
    /// @param word The slot.
    /// @param time Unix seconds.
    /// @return The slot.
    function withInvalidBefore(uint256 word, uint32 time) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint32).max) << 192)) | (uint256(time) << 192);
    }

    /// @notice The slot with another time of the newest root.
    /// @param word The slot.
    /// @param time Unix seconds.
    /// @return The slot.
    function withNewestRootTime(uint256 word, uint32 time) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint32).max) << 160)) | (uint256(time) << 160);
    }

    /// @notice The slot with another data contract.
    /// @param word The slot.
    /// @param pointer Its address.
    /// @return The slot.
    function withConfiguration(uint256 word, address pointer) internal pure returns (uint256) {
        return (word & ~uint256(type(uint160).max)) | uint160(pointer);
    }
}
