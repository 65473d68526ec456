// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MarginRegistry} from "../MarginRegistry.sol";

/// A registry on a chain whose block hashes are told to it.
contract RegistryHarness is MarginRegistry {
    mapping(uint256 blockNumber => bytes32 hash) public hashes;

    constructor(
        address authority,
        address[] memory signers,
        uint8 threshold,
        Model[] memory models
    ) MarginRegistry(authority, signers, threshold, models) {}

    function setHash(uint256 blockNumber, bytes32 hash) external {
        hashes[blockNumber] = hash;
    }

    function _boundHash(uint256 blockNumber) internal view override returns (bytes32) {
        return hashes[blockNumber];
    }
}
