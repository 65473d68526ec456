// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IArbSys} from "../interfaces/IArbSys.sol";
import {MarginRegistry} from "../MarginRegistry.sol";

/// @title Margin registry on Arbitrum chains
/// @notice There `block.number` follows the parent chain and `blockhash` is no defence against reorganizations, so block
/// numbers and hashes come from the ArbSys precompile. It knows the last 256 blocks of the chain itself.
contract ArbitrumMarginRegistry is MarginRegistry {
    IArbSys private constant ARB_SYS = IArbSys(address(0x64));

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

    /// @dev ArbSys reverts for blocks that it does not know: they have no hash.
    function _boundHash(uint256 blockNumber) internal view override returns (bytes32 hash) {
        if (blockNumber >= ARB_SYS.arbBlockNumber()) revert FutureBlock(blockNumber);
        try ARB_SYS.arbBlockHash(blockNumber) returns (bytes32 known) {
            hash = known;
        } catch {
            hash = 0;
        }
        if (hash == 0) revert BlockHashUnavailable(blockNumber);
    }
}
