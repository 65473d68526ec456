// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MarginRegistry} from "../MarginRegistry.sol";

/// @title Margin registry on chains without usable block hashes
/// @notice Records bind a block number and time but the zero hash, so one that was read on an abandoned branch is not told
/// from others; in exchange no record is valid for longer than two minutes.
contract UnboundMarginRegistry is MarginRegistry {
    /// @dev 15 s times two to its power: 120 s.
    uint256 private constant MAXIMUM_VALIDITY_CODE = 3;

    /// @notice Sets the first signer set and models.
    /// @param authority AccessManager that decides who may configure.
    /// @param signers Non-zero, strictly ascending, at most 16.
    /// @param threshold Signatures that a record must carry.
    /// @param models Models in force from the start.
    constructor(
        address authority,
        address[] memory signers,
        uint8 threshold,
        Model[] memory models
    ) MarginRegistry(authority, signers, threshold, models) {}

    function _boundHash(uint256 blockNumber) internal view override returns (bytes32) {
        if (blockNumber >= block.number) revert FutureBlock(blockNumber);
        return 0;
    }

    function _maximumValidityCode() internal pure override returns (uint256) {
        return MAXIMUM_VALIDITY_CODE;
    }
}
