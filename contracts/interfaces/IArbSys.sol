// SPDX-License-Identifier: MIT
pragma solidity >=0.8.20;

/// @title Block numbers and hashes of an Arbitrum chain
/// @notice The part of the precompile at 0x64 that a registry asks.
interface IArbSys {
    /// @notice Number of the current block of this chain, not of its parent.
    /// @return The number.
    function arbBlockNumber() external view returns (uint256);

    /// @notice Hash of one of the last 256 blocks of this chain. Reverts for any other.
    /// @param blockNumber Number of the block.
    /// @return Its hash.
    function arbBlockHash(uint256 blockNumber) external view returns (bytes32);
}
