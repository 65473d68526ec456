// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// A margin stored in one slot on k signatures in ascending order of their signers, as OpenZeppelin's parts make it.
contract OpenZeppelinQuorum is EIP712("Margin", "1") {
    struct Attestation {
        address account;
        uint64 initialMargin;
        uint64 maintenanceMargin;
        int64 equity;
        uint64 observedAt;
        uint64 blockNumber;
        bytes32 paramsHash;
        bytes32 portfolioRoot;
    }

    struct Stored {
        uint64 initialMargin;
        uint64 maintenanceMargin;
        int64 equity;
        uint64 observedAt;
    }

    bytes32 private constant ATTESTATION_TYPE_HASH = keccak256(
        "Attestation(address account,uint64 initialMargin,uint64 maintenanceMargin,int64 equity,uint64 observedAt,uint64 blockNumber,bytes32 paramsHash,bytes32 portfolioRoot)"
    );

    mapping(address signer => bool) public isSigner;
    mapping(address account => Stored) public stored;
    uint256 public immutable threshold;

    event Posted(
        address indexed account,
        uint256 initialMargin,
        uint256 maintenanceMargin,
        int256 equity,
        uint256 observedAt
    );

    constructor(address[] memory signers, uint256 threshold_) {
        for (uint256 i = 0; i < signers.length; ++i) isSigner[signers[i]] = true;
        threshold = threshold_;
    }

    function post(Attestation calldata attestation, bytes calldata signatures) external {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(ATTESTATION_TYPE_HASH, attestation)));
        require(signatures.length == 65 * threshold, "length");
        address last;
        for (uint256 i = 0; i < threshold; ++i) {
            address signer = ECDSA.recover(digest, signatures[65 * i:65 * i + 65]);
            require(signer > last && isSigner[signer], "signer");
            last = signer;
        }
        uint64 observedAt = attestation.observedAt;
        require(observedAt > stored[attestation.account].observedAt && observedAt <= block.timestamp, "time");
        require(block.timestamp <= observedAt + 1 hours, "stale");
        stored[attestation.account] = Stored(
            attestation.initialMargin,
            attestation.maintenanceMargin,
            attestation.equity,
            observedAt
        );
        emit Posted(
            attestation.account,
            attestation.initialMargin,
            attestation.maintenanceMargin,
            attestation.equity,
            observedAt
        );
    }
}
