// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MarginRegistry} from "../MarginRegistry.sol";

/// A registry on a chain whose block hashes are told to it, with memory as dirty as it may be beyond what is allocated.
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

    function _maximumValidityCode() internal view override returns (uint256) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(0x40)
            for {
                let i := 0
            } lt(i, 4096) {
                i := add(i, 32)
            } {
                mstore(add(free, i), not(0))
            }
        }
        return super._maximumValidityCode();
    }

    function _boundHash(uint256 blockNumber) internal view override returns (bytes32) {
        return hashes[blockNumber];
    }
}
