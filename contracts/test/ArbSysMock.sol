// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IArbSys} from "../interfaces/IArbSys.sol";

/// Stands for ArbSys at 0x64: a chain whose numbers and hashes are told to it, and that knows 256 blocks like the real one.
contract ArbSysMock is IArbSys {
    error InvalidBlockNumber(uint256 requested, uint256 current);

    uint256 public arbBlockNumber;
    mapping(uint256 blockNumber => bytes32 hash) private _hashes;

    function setBlock(uint256 current) external {
        arbBlockNumber = current;
    }

    function setHash(uint256 blockNumber, bytes32 hash) external {
        _hashes[blockNumber] = hash;
    }

    function arbBlockHash(uint256 blockNumber) external view returns (bytes32) {
        if (blockNumber >= arbBlockNumber || blockNumber + 256 < arbBlockNumber) {
            revert InvalidBlockNumber(blockNumber, arbBlockNumber);
        }
        return _hashes[blockNumber];
    }
}
